// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "event/cloud_event.hpp"

#include <doctest/doctest.h>

#include <set>
#include <string>

#include "util/uuid.hpp"

using namespace airy;
using event::cloud_event;

namespace {

event::Message message(std::string body = R"({"post_id":9007199254740993})") {
    event::Message m;
    m.exchange = "airy.events";
    m.topic = "post.published";
    m.properties.message_id = "m-1";
    m.properties.content_type = "application/json";
    m.body = std::move(body);
    return m;
}

std::string headers_of(const event::Message& m) {
    std::string text;
    for (const auto& [name, value] : event::binary_headers(cloud_event(m)))
        text += std::string(name) + ": " + value + "\n";
    return text;
}

std::string structured(const event::Message& m) {
    std::string text;
    event::append_structured(text, cloud_event(m));
    return text;
}

}  // namespace

TEST_CASE("binary mode: the attributes are headers") {
    auto m = message();
    m.properties.timestamp = 1700000000;
    m.properties.type = "kind";
    m.properties.content_encoding = "gzip";
    m.headers = {{"traceparent", {std::string("00-4bf9-00f0-01")}},
                 {"tracestate", {std::string("a=1")}}};
    CHECK(headers_of(m) ==
          "ce-specversion: 1.0\n"
          "ce-id: m-1\n"
          "ce-type: kind\n"
          "ce-source: /airy.events\n"
          "ce-time: 2023-11-14T22:13:20Z\n"
          "ce-subject: post.published\n"
          "Content-Type: application/json\n"
          "Content-Encoding: gzip\n"
          "traceparent: 00-4bf9-00f0-01\n"
          "tracestate: a=1\n");
}

TEST_CASE("values of attributes are percent-encoded") {
    auto m = message();
    m.topic = "";
    m.properties.type = "Euro \xE2\x82\xAC \"100%\"\r\nX: y";
    CHECK(cloud_event(m).type == *m.properties.type);
    // The example of the binding, and a line that must not end its header.
    CHECK(headers_of(m).find("ce-type: Euro%20%E2%82%AC%20%22100%25%22%0D%0AX:%20y\n") !=
          std::string::npos);
    m.exchange = "an exchange/\xff";
    CHECK(cloud_event(m).source == "/an%20exchange%2F%FF");
}

TEST_CASE("a message without properties") {
    event::Message m;
    CHECK(cloud_event(m).type == "message");
    CHECK(cloud_event(m).source == "/");
    CHECK(cloud_event(m).id.size() == 36);
    CHECK(cloud_event(m).id == cloud_event(m).id);
    CHECK(cloud_event(m).content_type.empty());
    CHECK(headers_of(m).find("subject") == std::string::npos);
    CHECK(structured(m).find("data") == std::string::npos);
    m.body = "[1]";
    CHECK(cloud_event(m).content_type == "application/json");
    m.body = "text";
    CHECK(cloud_event(m).content_type == "application/octet-stream");
    m.properties.content_type = "text/plain\r\nX: y";
    CHECK(cloud_event(m).content_type == "application/octet-stream");
    m.headers = {{"traceparent", {std::string("a\nb")}}};
    CHECK(cloud_event(m).trace_parent.empty());
    m.properties.timestamp = ~std::uint64_t{0};
    CHECK(cloud_event(m).time.empty());
    m.body = R"({"event_id":"e-1"})";
    CHECK(cloud_event(m).id == "e-1");
}

TEST_CASE("a message without an id has the same one each time, and another message another") {
    event::Message m;
    m.topic = "a";
    m.body = "bc";
    const auto id = cloud_event(m).id;
    CHECK_FALSE(cloud_event(m).has_own_id);
    // What the way through a retry queue changes.
    m.headers = {{"x-airy-attempts", {std::string("1")}}};
    m.properties.expiration = "1000";
    CHECK(cloud_event(m).id == id);
    CHECK(util::is_uuid(id));
    std::set<std::string> ids{id};
    auto other = m;
    other.topic = "ab";
    other.body = "c";
    CHECK(ids.insert(cloud_event(other).id).second);
    other.headers = {{"tenant", {std::string("1")}}};
    CHECK(ids.insert(cloud_event(other).id).second);
    other.properties.timestamp = 1;
    CHECK(ids.insert(cloud_event(other).id).second);
    for (int i = 0; i < 1000; ++i) {
        other.body = std::to_string(i);
        CHECK(ids.insert(cloud_event(other).id).second);
    }
    // Raw, the headers say as much as the environment of a command.
    for (const auto& [name, value] : event::raw_headers(cloud_event(m)))
        CHECK(name != "Airy-Event-Id");
    m.properties.message_id = "m-1";
    CHECK(event::raw_headers(cloud_event(m)).at(2).value == "m-1");
}

TEST_CASE("an empty type is none") {
    auto m = message();
    m.properties.type = "";
    CHECK(cloud_event(m).type == "post.published");
}

TEST_CASE("only what HTTP knows as a coding is its Content-Encoding") {
    auto m = message();
    for (const char* coding :
         {"gzip", "x-gzip", "DEFLATE", "br", "zstd", "compress", "x-compress", "deflate, gzip"}) {
        m.properties.content_encoding = coding;
        CHECK(headers_of(m).find(std::string("Content-Encoding: ") + coding + "\n") !=
              std::string::npos);
    }
    for (const char* other : {"utf-8", "UTF-8", "binary", "base64", "gzip, utf-8"}) {
        CAPTURE(other);
        m.properties.content_encoding = other;
        CHECK(headers_of(m).find("Content-Encoding") == std::string::npos);
        CHECK(headers_of(m).find("ce-contentencoding: " + event::header_value(other) + "\n") !=
              std::string::npos);
        CHECK(event::raw_headers(cloud_event(m)).at(1).name == "Airy-Content-Encoding");
        CHECK(structured(m).find("\"contentencoding\":\"" + std::string(other) +
                                 "\",\"data\":{\"post_id\":") != std::string::npos);
    }
    m.properties.content_type.reset();
    m.properties.content_encoding = "utf-8";
    CHECK(cloud_event(m).content_type == "application/json");
    m.properties.content_encoding = "identity";
    CHECK(headers_of(m).find("ncoding") == std::string::npos);
    CHECK(structured(m).find("ncoding") == std::string::npos);
}

TEST_CASE("structured mode: one JSON object") {
    auto m = message();
    m.properties.timestamp = 1700000000;
    m.headers = {{"traceparent", {std::string("00-4bf9-00f0-01")}}};
    CHECK(structured(m) ==
          R"({"specversion":"1.0","id":"m-1","type":"post.published","source":"/airy.events",)"
          R"("time":"2023-11-14T22:13:20Z","subject":"post.published",)"
          R"("datacontenttype":"application/json","traceparent":"00-4bf9-00f0-01",)"
          R"("data":{"post_id":9007199254740993}})");
}

TEST_CASE("structured mode: data of each kind") {
    auto data = [](std::string type, std::string body) {
        auto m = message(std::move(body));
        m.properties.content_type = std::move(type);
        const auto text = structured(m);
        return text.substr(text.rfind(",\"data") + 1);
    };
    CHECK(data("application/x+JSON; charset=utf-8", "[1 ]") == R"("data":[1 ]})");
    CHECK(data("application/json", "no json") == R"("data_base64":"bm8ganNvbg=="})");
    CHECK(data("text/plain", "{\"a\":1}\n") == R"("data":"{\"a\":1}\n"})");
    CHECK(data("text/plain", "\xff") == R"("data_base64":"/w=="})");
    auto m = message("packed");
    m.properties.content_encoding = "gzip";
    CHECK(structured(m).find(R"("contentencoding":"gzip","data_base64":"cGFja2Vk")") !=
          std::string::npos);
}
