// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/amqp/management.hpp"

#include <doctest/doctest.h>

#include "scripted_server.hpp"
#include "util/error.hpp"

using namespace airy;
using namespace std::chrono_literals;
using mq::amqp::Management;
using test::http_answer;
using test::ScriptedServer;

namespace {

mq::Endpoint broker(const std::string& url, const std::string& management = {}) {
    mq::Endpoint endpoint;
    endpoint.url = url;
    endpoint.management_url = management;
    return endpoint;
}

std::string default_url(const std::string& broker_url) {
    return Management(broker(broker_url)).shown_url();
}

}  // namespace

TEST_CASE("the API is on the broker's host unless a URL says otherwise") {
    CHECK(default_url("amqp://u:p@rabbit:5700/v") == "http://rabbit:15672");
    CHECK(default_url("amqp://u:p@[::1]:5700/") == "http://[::1]:15672");
    CHECK(Management(broker("amqp://rabbit/", "http://other:1/x/")).shown_url() ==
          "http://other:1/x");
}

TEST_CASE("a login that is encrypted to the broker is not sent in clear text") {
    CHECK(default_url("amqps://u:p@rabbit.example/") == "https://rabbit.example:15671");
    CHECK(default_url("amqps://u:p@localhost/") == "http://localhost:15672");
    CHECK(default_url("amqps://u:p@127.0.0.1/") == "http://127.0.0.1:15672");
}

TEST_CASE("virtual host and queue are one path segment each") {
    ScriptedServer server({http_answer(200, "[]"), http_answer(200, R"({"name":"a/b c"})")});
    const Management management(broker("amqp://ann:secret@127.0.0.1/%2F", server.url()));
    CHECK(management.queues().empty());
    CHECK(management.queue("a/b c").name == "a/b c");
    const auto requests = server.requests();
    REQUIRE(requests.size() == 2);
    CHECK(requests[0].starts_with("GET /api/queues/%2F?page=1&page_size=500&columns=name,type,"));
    CHECK(requests[1].starts_with("GET /api/queues/%2F/a%2Fb%20c?columns="));
    CHECK(requests[0].find("Authorization: Basic YW5uOnNlY3JldA==\r\n") != std::string::npos);
}

TEST_CASE("a login in the management URL comes first") {
    ScriptedServer server({http_answer(200, "[]")});
    const Management management(broker("amqp://ann:secret@127.0.0.1/",
                                       "http://bob:x@127.0.0.1:" + std::to_string(server.port())));
    CHECK(management.bindings().empty());
    REQUIRE(server.requests().size() == 1);
    CHECK(server.requests()[0].find("Authorization: Basic Ym9iOng=\r\n") != std::string::npos);
    CHECK(management.shown_url().find("bob") == std::string::npos);
}

TEST_CASE("refusals and failures have messages and hints of their own") {
    struct Case {
        std::string answer;
        Reason reason;
        std::string message;
        std::string hint;
    };
    const Case cases[] = {
        {http_answer(401, R"({"error":"not_authorized","reason":"Login failed"})"),
         Reason::access_refused, "refused the login of 'ann': Login failed", "management"},
        {http_answer(404, R"({"error":"Object Not Found","reason":"Not Found"})"),
         Reason::not_found, " has no queue 'q'", ""},
        {http_answer(200, "{}"), Reason::management_unusable, "not one of RabbitMQ's", ""},
        {http_answer(200, R"({"name":"p"})"), Reason::management_unusable,
         "asked for the queue 'q', it answered something else", ""},
        // Another server, or RabbitMQ behind a path prefix.
        {http_answer(404, "<html>"), Reason::management_unusable, "it answered 404", ""},
        {http_answer(404, ""), Reason::management_unusable, "no management API at http://", ""},
        {http_answer(404, R"({"error":"not found"})"), Reason::management_unusable,
         "it answered 404", ""},
        {http_answer(500, "<html>"), Reason::management_unusable, "answered 500", ""},
        {http_answer(200, "<html>"), Reason::management_unusable, "not one of RabbitMQ's", ""},
        {"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n[", Reason::management_unreachable,
         "was cut off", "rabbitmq_management"},
    };
    for (const auto& expected : cases) {
        CAPTURE(expected.message);
        ScriptedServer server({expected.answer});
        const Management management(broker("amqp://ann:secret@127.0.0.1/", server.url()));
        try {
            management.queue("q");
            FAIL("was answered");
        } catch (const Error& error) {
            CHECK(error.reason() == expected.reason);
            const std::string message = error.what();
            CHECK(message.find(expected.message) != message.npos);
            CHECK(message.find("secret") == message.npos);
            CHECK(error.hint().find(expected.hint) != std::string::npos);
        }
    }
}

TEST_CASE("a long list of queues comes in pages") {
    const auto page = [](const std::string& name, int number) {
        return http_answer(200, R"({"filtered_count":3,"items":[{"name":")" + name +
                                    R"("}],"page":)" + std::to_string(number) +
                                    R"(,"page_count":3})");
    };
    ScriptedServer server({page("a", 1), page("b", 2), page("c", 3)});
    std::vector<std::pair<std::uint64_t, std::uint64_t>> told;
    const auto queues = Management(broker("amqp://127.0.0.1/", server.url()))
                            .queues({.progress = [&](std::uint64_t come, std::uint64_t all) {
                                told.emplace_back(come, all);
                            }});
    REQUIRE(queues.size() == 3);
    CHECK(queues[2].name == "c");
    CHECK(told == std::vector<std::pair<std::uint64_t, std::uint64_t>>{{1, 3}, {2, 3}, {3, 3}});
    REQUIRE(server.requests().size() == 3);
    CHECK(server.requests()[2].starts_with("GET /api/queues/%2F?page=3&"));
}

TEST_CASE("a page that is gone ends the list") {
    ScriptedServer server(
        {http_answer(200, R"({"items":[{"name":"a"}],"page_count":2})"),
         http_answer(400, R"({"error":"bad_request","reason":"page out of range"})")});
    CHECK(Management(broker("amqp://127.0.0.1/", server.url())).queues().size() == 1);
}

TEST_CASE("RabbitMQ filters by a text that each wanted name contains") {
    struct Row {
        const char* match;
        const char* name;  // nullptr: no filter
    };
    for (const auto& [match, name] :
         {Row{"*.dlq", ".dlq"}, Row{"order?-longest*x", "-longest"}, Row{"*", nullptr},
          Row{"a[bcdef]ghi", "a"}, Row{"[abc]", nullptr}, Row{"ab\\*c", "ab"},
          Row{"a b", "a%20b"}}) {
        CAPTURE(match);
        ScriptedServer server({http_answer(200, "[]")});
        Management(broker("amqp://127.0.0.1/", server.url())).queues({.match = match});
        const auto request = server.requests().at(0);
        if (name == nullptr)
            CHECK(request.find("&name=") == request.npos);
        else
            CHECK(request.find(std::string("&name=") + name + "&columns") != request.npos);
    }
}

TEST_CASE("an answer that does not come in time has a reason of its own") {
    ScriptedServer server({""}, true);
    auto endpoint = broker("amqp://127.0.0.1/", server.url());
    endpoint.management_deadline = 50ms;
    try {
        Management(endpoint).queues();
        FAIL("was answered");
    } catch (const Error& error) {
        CHECK(error.reason() == Reason::management_late);
        CHECK(std::string(error.what()).find("no answer within 0.05 s") != std::string::npos);
    }
}

TEST_CASE("the reason in a refusal cannot write to the terminal") {
    ScriptedServer server({http_answer(401, R"({"reason":"\u001b[2J\u0007"})")});
    try {
        Management(broker("amqp://ann@127.0.0.1/", server.url())).queues();
        FAIL("was answered");
    } catch (const Error& error) {
        CHECK(std::string(error.what()).find('\x1b') == std::string::npos);
    }
}
