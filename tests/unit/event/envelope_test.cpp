// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "event/envelope.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "util/error.hpp"
#include "util/timestamp.hpp"

using namespace airy::event;
using namespace std::string_literals;

namespace {

constexpr const char* fixed_id = "0a7b2d5e-5a52-4c4c-9c39-6f1d2a3b4c5d";

class FixedClock final : public airy::util::Clock {
  public:
    airy::util::SteadyTime steady() const noexcept override { return {}; }
    airy::util::SystemTime now() const noexcept override {
        return *airy::util::parse_rfc3339("2026-11-23T12:00:00.5Z");
    }
};
const FixedClock fixed_clock;
const Catalogue airy_catalogue(airy_types());

CompleteOptions options(std::string_view topic = {}, bool custom = false) {
    return {.topic = topic, .custom = custom, .clock = &fixed_clock, .new_id = [] {
                return std::string(fixed_id);
            }};
}

void refuses(const std::function<void()>& action, const std::vector<std::string>& parts) {
    try {
        action();
        FAIL_CHECK("accepted");
    } catch (const airy::Error& error) {
        CHECK(error.kind() == airy::ErrorKind::invalid_event);
        const auto text = error.what() + " | "s + error.hint();
        CAPTURE(text);
        for (const auto& part : parts) {
            CAPTURE(part);
            CHECK(text.find(part) != std::string::npos);
        }
    }
}

void refuses_body(const std::string& body, const std::vector<std::string>& parts) {
    CAPTURE(body);
    refuses([&] { complete(airy_catalogue, body, options("post.updated")); }, parts);
}

const std::string added =
    R"("event_id":"0a7b2d5e-5a52-4c4c-9c39-6f1d2a3b4c5d","event_type":"post.updated","timestamp":"2026-11-23T12:00:00.5Z")"s;

}  // namespace

TEST_CASE("missing fields are put in front, all others stay") {
    const auto event =
        complete(airy_catalogue, R"({"post_id":1,"author_id":2})", options("post.updated"));
    CHECK(event.body == "{" + added + R"(,"post_id":1,"author_id":2})");
    CHECK(event.id == fixed_id);
    CHECK(event.type == "post.updated");
    CHECK(event.timestamp == 1795435200U);

    const auto spaced =
        complete(airy_catalogue,
                 " {\n \"post_id\" : 1 ,\t\"author_id\":2,\"event_type\":\"post.updated\" } ",
                 options("post.updated"));
    CHECK(spaced.body == " {\"event_id\":\""s + fixed_id +
                             "\",\"timestamp\":\"2026-11-23T12:00:00.5Z\",\n \"post_id\" : 1 "
                             ",\t\"author_id\":2,\"event_type\":\"post.updated\" } ");
    CHECK(nlohmann::json::parse(spaced.body).size() == 5);
}

TEST_CASE("an empty object of a custom type becomes an envelope") {
    CHECK(
        complete(airy_catalogue, "{ }", options("order.shipped", true)).body ==
        R"({"event_id":"0a7b2d5e-5a52-4c4c-9c39-6f1d2a3b4c5d","event_type":"order.shipped","timestamp":"2026-11-23T12:00:00.5Z" })");
}

TEST_CASE("an event that Airy's Go code wrote passes unchanged") {
    const std::vector<std::string> events{
        R"({"event_id":"6f1f0d0a-7c1b-4a57-8d0c-0d5c9a3d9f10","event_type":"post.published","timestamp":"2026-11-23T20:31:25.123456789+08:00","post_id":9223372036854775807,"author_id":-9223372036854775808,"title":"a \u003cb\u003e \u0026 c \u2028 世界"})",
        R"({"event_id":"6F1F0D0A-7C1B-4A57-8D0C-0D5C9A3D9F10","event_type":"comment.created","timestamp":"2026-11-23T12:31:25Z","comment_id":1,"post_id":2,"author_id":3,"parent_id":4,"content":"","extra":{"n":1.50e+3,"d":[0.1,1E400,12345678901234567890]}})",
        " { \"timestamp\" : \"2026-11-23T12:31:25.000000001-11:30\",\r\n\t\"event_type\":\"user."
        "followed\",\"follower_id\":-0,\"following_id\":0,\"event_id\":"
        "\"6f1f0d0a-7c1b-4a57-8d0c-0d5c9a3d9f10\" }\n",
        R"({"event\u005fid":"6f1f0d0a-7c1b-4a57-8d0c-0d5c9a3d9f10","event_type":"circle\u002eleft","timestamp":"2026-11-23T12:31:25Z","circle\u005fid":1,"user_id":2})",
    };
    for (const auto& body : events) {
        CAPTURE(body);
        const auto event = complete(airy_catalogue, body, options());
        CHECK(event.body == body);
        CHECK(event.id.size() == 36);
    }
    CHECK(complete(airy_catalogue, events[0], options("post.published")).timestamp == 1795437085U);
    CHECK(complete(airy_catalogue, events[3], options()).type == "circle.left");
}

TEST_CASE("ids are 64-bit integers and nothing else") {
    for (const char* good :
         {"0", "-0", "-1", "42", "9223372036854775807", "-9223372036854775808"}) {
        CAPTURE(good);
        const auto body = R"({"post_id":)"s + good + R"(,"author_id":1})";
        CHECK(complete(airy_catalogue, body, options("post.updated")).body ==
              "{" + added + "," + body.substr(1));
    }
    for (const char* bad :
         {"9223372036854775808", "-9223372036854775809", "1.0", "1e3", "1E0", "\"42\"", "true",
          "null", "[1]", "{}", "123456789012345678901234567890"}) {
        refuses_body(R"({"post_id":)"s + bad + R"(,"author_id":1})",
                     {"post_id of post.updated must be a 64-bit integer, not "s + bad});
    }
}

TEST_CASE("fields of a type are checked, unknown ones kept") {
    refuses_body(R"({"post_id":1})", {"author_id of post.updated is missing", "64-bit integer"});
    try {
        complete(airy_catalogue, R"({"post_id":1})", options("post.updated"));
        FAIL("accepted");
    } catch (const airy::Error& error) {
        CHECK(error.reason() == airy::Reason::field_missing);
        CHECK(error.subject() == "post.updated");
    }
    refuses(
        [] {
            complete(airy_catalogue, R"({"post_id":1,"author_id":2,"title":3})",
                     options("post.published"));
        },
        {"title of post.published must be a string, not 3"});
    refuses(
        [] {
            complete(airy_catalogue, R"({"post_id":1,"author_id":2,"circle_id":null,"title":"x"})",
                     options("post.published"));
        },
        {"circle_id of post.published is null", "leave it out"});
    refuses(
        [] {
            complete(airy_catalogue, R"({"post_id":1,"author_id":2,"circle_id":"3","title":"x"})",
                     options("post.published"));
        },
        {"circle_id", "64-bit integer"});
    refuses(
        [] {
            complete(airy_catalogue,
                     R"({"post_id":1,"author_id":2,"voter_id":3,"vote_type":"sideways"})",
                     options("post.voted"));
        },
        {"vote_type of post.voted must be \"up\" or \"down\", not \"sideways\""});
    refuses(
        [] {
            complete(airy_catalogue, R"({"post_id":1,"author_id":2,"voter_id":3,"vote_type":1})",
                     options("post.voted"));
        },
        {"vote_type", "not 1"});
    complete(airy_catalogue, R"({"post_id":1,"author_id":2,"voter_id":3,"vote_type":"d\u006fwn"})",
             options("post.voted"));
    CHECK(complete(airy_catalogue, R"({"post_id":1,"author_id":2,"x":null,"y":[1]})",
                   options("post.updated"))
              .body.ends_with(R"("x":null,"y":[1]})"));
}

TEST_CASE("the envelope's own fields are checked") {
    const auto with = [](const std::string& member) {
        return R"({"post_id":1,"author_id":2,)" + member + "}";
    };
    refuses_body(with(R"("event_id":"abc")"), {"event_id must be a UUID, not 'abc'"});
    refuses_body(with(R"("event_id":7)"), {"event_id must be a UUID, not 7"});
    refuses_body(with(R"("event_id":null)"), {"event_id must be a UUID, not null"});
    refuses_body(with(R"("timestamp":"yesterday")"), {"timestamp", "RFC 3339", "'yesterday'"});
    refuses_body(with(R"("timestamp":"2026-02-30T00:00:00Z")"), {"timestamp", "2026-02-30"});
    refuses_body(with(R"("timestamp":1795435200)"), {"timestamp", "RFC 3339", "1795435200"});
    refuses_body(with(R"("event_type":"post.deleted")"),
                 {"event_type is 'post.deleted', but the topic is 'post.updated'"});
    refuses_body(with(R"("event_type":5)"), {"event_type must be a string, not 5"});
    refuses_body(with(R"("event_id":"\u001b[31m")"), {"'\\x1b[31m'"});
    const auto old = complete(airy_catalogue, with(R"("timestamp":"0001-01-01T00:00:00Z")"),
                              options("post.updated"));
    CHECK_FALSE(old.timestamp);
}

TEST_CASE("a body that is not a JSON object is refused with kind and position") {
    refuses_body("", {"not valid JSON", "byte 1"});
    refuses_body("hello", {"not valid JSON: at byte 1"});
    refuses_body(R"({"post_id":1,})", {"at byte 14", "name"});
    refuses_body(R"({"post_id":1}{})", {"something follows"});
    refuses_body("[1]", {"this is an array"});
    refuses_body("42", {"this is a number"});
    refuses_body("null", {"this is null"});
    refuses_body("\"x\"", {"this is a string"});
    refuses_body("true", {"this is a boolean"});
    refuses_body("{\"post_id\":1,\"x\":\"\xff\"}", {"invalid UTF-8", "byte 19"});
    refuses_body("{\"x\":" + std::string(600, '[') + std::string(600, ']') + "}", {"deep"});
    refuses_body("{\"x\":\""s + '\0' + "\"}", {"control character"});
}

TEST_CASE("a name that is there twice is refused") {
    refuses_body(R"({"post_id":1,"author_id":2,"post_id":3})", {"'post_id' is there twice"});
    refuses_body(R"({"post_id":1,"author_id":2,"post\u005fid":3})", {"'post_id' is there twice"});
    std::string many = R"({"post_id":1,"author_id":2)";
    for (int i = 0; i < 100; ++i)
        many += ",\"f" + std::to_string(i) + "\":0";
    complete(airy_catalogue, many + "}", options("post.updated"));
    refuses_body(many + ",\"f50\":1}", {"'f50' is there twice"});
}

TEST_CASE("a name that Go's encoding/json takes for a known field is refused") {
    const auto with = [](const std::string& member) {
        return R"({"post_id":1,"author_id":2,)" + member + "}";
    };
    refuses_body(with(R"("Post_ID":99)"), {"'Post_ID'", "read as post_id"});
    refuses_body(with(R"("POST\u005fID":99)"), {"'POST_ID'", "read as post_id"});
    refuses_body(with("\"po\u017Ft_id\":99"), {"read as post_id"});
    refuses_body(with(R"("po\u017ft_id":99)"), {"read as post_id"});
    refuses_body(R"({"Post_id":1,"author_id":2})", {"'Post_id'", "write it as post_id"});
    refuses_body(with(R"("Event_ID":"x")"), {"'Event_ID'", "read as event_id"});
    refuses_body(with(R"("Event_type":"post.deleted")"), {"read as event_type"});
    refuses_body(with(R"("timeStamp":"2026-01-01T00:00:00Z")"), {"read as timestamp"});
    refuses(
        [] {
            complete(airy_catalogue, R"({"post_id":1,"author_id":2,"title":"x","Circle_Id":null})",
                     options("post.published"));
        },
        {"'Circle_Id'", "read as circle_id"});
    // The envelope of a type of one's own is Airy's, too; its other fields are not.
    refuses([] { complete(airy_catalogue, R"({"EVENT_ID":"x"})", options("a.b", true)); },
            {"read as event_id"});
    complete(airy_catalogue, R"({"Post_ID":1,"post_id":2})", options("a.b", true));
    // A post.updated has no title.
    complete(airy_catalogue, with(R"("Title":5,"post-id":1,"Kelvin":1,"post_\u0131d":1)"),
             options("post.updated"));
    refuses(
        [] {
            from_fields(airy_catalogue, "circle.left",
                        std::vector<std::pair<std::string, std::string>>{
                            {"circle_id", "1"}, {"user_id", "2"}, {"User_ID", "3"}},
                        options());
        },
        {"'User_ID'", "read as user_id"});
}

TEST_CASE("a timestamp with an escape is refused, as Go does not resolve it") {
    for (const char* text : {R"("2026-01-01T00\u003a00:00Z")", R"("2026-01-01T00:00:00\u005a")"}) {
        refuses_body(R"({"post_id":1,"author_id":2,"timestamp":)"s + text + "}",
                     {"timestamp must be an RFC 3339 time", "without escapes", text});
    }
    complete(airy_catalogue,
             R"({"post_id":1,"author_id":2,"time\u0073tamp":"2026-01-01T00:00:00Z"})",
             options("post.updated"));
}

TEST_CASE("unknown types") {
    refuses([] { complete(airy_catalogue, "{}", options("post.publishd")); },
            {"unknown event type 'post.publishd'", "did you mean 'post.published'?"});
    refuses([] { complete(airy_catalogue, "{}", options("order.shipped")); },
            {"unknown event type"});
    refuses([] { complete(airy_catalogue, "{}", options()); }, {"event_type is missing"});
    refuses([] { complete(airy_catalogue, R"({"event_type":"a.*"})", options({}, true)); },
            {"wildcard"});
    refuses([] { complete(airy_catalogue, R"({"event_type":""})", options({}, true)); }, {"empty"});
    CHECK(complete(airy_catalogue, R"({"event_type":"order.shipped"})", options({}, true)).type ==
          "order.shipped");
    // A known type stays checked.
    refuses([] { complete(airy_catalogue, "{}", options("post.updated", true)); },
            {"post_id", "missing"});
}

TEST_CASE("from --set pairs, typed by the table") {
    using Sets = std::vector<std::pair<std::string, std::string>>;
    const auto event = from_fields(airy_catalogue, "post.published",
                                   Sets{{"post_id", "42"},
                                        {"author_id", "-7"},
                                        {"title", "Hello, \"world\" 世界\n"},
                                        {"x", "1"}},
                                   options());
    CHECK(
        event.body ==
        R"({"event_id":"0a7b2d5e-5a52-4c4c-9c39-6f1d2a3b4c5d","event_type":"post.published","timestamp":"2026-11-23T12:00:00.5Z","post_id":42,"author_id":-7,"title":"Hello, \"world\" 世界\n","x":"1"})");

    const auto own = from_fields(airy_catalogue, "circle.left",
                                 Sets{{"circle_id", "1"},
                                      {"user_id", "2"},
                                      {"event_id", "6f1f0d0a-7c1b-4a57-8d0c-0d5c9a3d9f10"},
                                      {"timestamp", "2026-01-01T00:00:00Z"}},
                                 options());
    CHECK(own.id == "6f1f0d0a-7c1b-4a57-8d0c-0d5c9a3d9f10");
    CHECK(own.timestamp == 1767225600U);

    for (const char* bad :
         {"abc", "", "1.0", "1e3", "+1", " 1", "01", "0x1", "9223372036854775808", "1,\"x\":2"}) {
        CAPTURE(bad);
        refuses(
            [&] {
                from_fields(airy_catalogue, "circle.left",
                            Sets{{"circle_id", bad}, {"user_id", "2"}}, options());
            },
            {"circle_id of circle.left must be a 64-bit integer"});
    }
    refuses(
        [] {
            from_fields(airy_catalogue, "circle.left", Sets{{"circle_id", "1"}}, options());
        },
        {"user_id of circle.left is missing"});
    refuses(
        [] {
            from_fields(airy_catalogue, "circle.left",
                        Sets{{"circle_id", "1"}, {"user_id", "2"}, {"user_id", "2"}}, options());
        },
        {"'user_id' is there twice"});
    refuses(
        [] {
            from_fields(airy_catalogue, "circle.left",
                        Sets{{"circle_id", "1"}, {"user_id", "2"}, {"x", "\xff"}}, options());
        },
        {"x is not UTF-8", "\\xff"});
    refuses([] { from_fields(airy_catalogue, "circle.lft", Sets{}, options()); }, {"circle.left"});
}

TEST_CASE("--set of a custom type takes JSON as JSON") {
    using Sets = std::vector<std::pair<std::string, std::string>>;
    const auto event = from_fields(airy_catalogue, "order.shipped",
                                   Sets{{"n", "12345678901234567890"},
                                        {"l", "[1,2]"},
                                        {"t", "text"},
                                        {"b", "true"},
                                        {"s", "\"quoted\""},
                                        {"e", ""},
                                        {"event_id", "6f1f0d0a-7c1b-4a57-8d0c-0d5c9a3d9f10"}},
                                   options({}, true));
    CHECK(event.body.ends_with(
        R"("n":12345678901234567890,"l":[1,2],"t":"text","b":true,"s":"quoted","e":"","event_id":"6f1f0d0a-7c1b-4a57-8d0c-0d5c9a3d9f10"})"));
}

TEST_CASE("an event becomes a message as Airy sends it") {
    auto event =
        complete(airy_catalogue, R"({"post_id":1,"author_id":2})", options("post.updated"));
    const auto body = event.body;
    const auto message = to_message(std::move(event), "airy.events");
    CHECK(message.exchange == "airy.events");
    CHECK(message.topic == "post.updated");
    CHECK(message.body == body);
    CHECK_FALSE(message.has_headers);
    Properties expected;
    expected.content_type = "application/json";
    expected.delivery_mode = 2;
    expected.timestamp = 1795435200U;
    expected.message_id = fixed_id;
    expected.type = "post.updated";
    expected.app_id = "airy-tools";
    CHECK(message.properties == expected);
}

TEST_CASE("the default clock and ids are real") {
    const auto a =
        complete(airy_catalogue, R"({"post_id":1,"author_id":2})", {.topic = "post.updated"});
    const auto b =
        complete(airy_catalogue, R"({"post_id":1,"author_id":2})", {.topic = "post.updated"});
    CHECK(a.id != b.id);
    CHECK(*a.timestamp > 1'700'000'000);
    CHECK(complete(airy_catalogue, a.body, {}).body == a.body);
}
