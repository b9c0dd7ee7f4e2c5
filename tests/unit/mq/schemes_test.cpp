// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/schemes.hpp"

#include <doctest/doctest.h>

#include <map>
#include <set>
#include <string>

#include "util/error.hpp"

using namespace airy;
using namespace airy::mq;

TEST_CASE("each URL has the row of its scheme, and one of no known scheme is refused") {
    CHECK(scheme_of("amqp://h").name == "RabbitMQ");
    CHECK(scheme_of("amqps://h").name == "RabbitMQ");
    CHECK(scheme_of("sqlite:airy.db").name == "the embedded broker");
    CHECK(scheme_of("AMQPS://h").name == "RabbitMQ");
    CHECK(scheme_of("SQLite:airy.db").name == "the embedded broker");
    Endpoint endpoint;
    for (const auto& [url, why] :
         std::map<std::string, std::string>{{"mqtt://h", "the scheme 'mqtt' is not known"},
                                            {"h", "it does not begin with a scheme"},
                                            {"u:s3cret@h://x", "does not begin with a scheme"},
                                            {"://h", "it does not begin with a scheme"},
                                            {"amqp:h", "it does not begin with amqp://"}}) {
        endpoint.url = url;
        CHECK_THROWS_WITH_AS(connect(endpoint), doctest::Contains(why.c_str()), Error);
    }
}

TEST_CASE("the hint for an unknown scheme names the form of every broker's URL") {
    Endpoint endpoint;
    endpoint.url = "mqtt://u:secret@h";
    try {
        connect(endpoint);
        FAIL("was allowed");
    } catch (const Error& error) {
        for (const auto& scheme : schemes())
            CHECK(error.hint().find(scheme.form) != std::string::npos);
        CHECK(std::string(error.what()).find("secret") == std::string::npos);
    }
}

TEST_CASE("an error about a URL shows no secret, whatever its scheme") {
    for (const char* url :
         {"mqtt://u:secret@h", "mqtt://h?token=secret", "u:secret@h://x", "amqp:u:secret@h",
          "://u:secret@h", "sqlite:f.db?key=secret", "sqlite:f.db?secret", "sqlite:a\nb"}) {
        CAPTURE(url);
        Endpoint endpoint;
        endpoint.url = url;
        try {
            connect(endpoint);
            FAIL("was allowed");
        } catch (const Error& error) {
            CHECK(error.kind() == ErrorKind::usage);
            CHECK(std::string(error.what()).find("secret") == std::string::npos);
            CHECK(std::string(error.what()).find('\n') == std::string::npos);
        }
    }
}

TEST_CASE("no prefix stands for two brokers") {
    std::set<std::string_view> seen;
    for (const auto& scheme : schemes())
        for (const auto prefix : scheme.prefixes)
            CHECK(seen.insert(prefix).second);
}

TEST_CASE("a path is never taken for a password") {
    const auto& file = scheme_of("sqlite:/home/a:b@c.db");
    for (const auto& shown :
         {file.masked("sqlite:/home/a:b@c.db"), masked_url("sqlite:/home/a:b@c.db"),
          file.without_password("sqlite:/home/a:b@c.db"),
          file.with_password("sqlite:/home/a:b@c.db", "p")})
        CHECK(shown == "sqlite:/home/a:b@c.db");
    CHECK(file.password_of("sqlite:/home/a:b@c.db").empty());
    CHECK_FALSE(file.can.has(Capability::login));
    CHECK(masked_url("amqp://u:secret@h") == "amqp://u:***@h");
    CHECK(masked_url("mqtt://u:secret@h?token=secret") == "mqtt://u:***@h?token=***");
    CHECK(masked_url("u:secret@h://x") == "u:***@h://x");
    CHECK(scheme_of("amqp://").password_of("amqp://u:secret@h") == "secret");
}

TEST_CASE("the error for a missing capability names it") {
    require("amqp://h", Capability::stream_queue);
    try {
        require("sqlite:x", Capability::stream_queue);
        FAIL("was allowed");
    } catch (const Error& error) {
        CHECK(error.reason() == Reason::unsupported);
        CHECK(error.subject() == "stream queues");
        CHECK(std::string(error.what()) == "the embedded broker lacks stream queues");
        CHECK(error.hint().find("retain=24h") != std::string::npos);
    }
}

TEST_CASE("every capability has words of its own") {
    std::set<std::string_view> words;
    for (auto bit = 0; bit <= static_cast<int>(Capability::alarms); ++bit)
        CHECK(words.insert(name_of(static_cast<Capability>(bit))).second);
}

TEST_CASE("a text shows no password of a URL in it") {
    const auto shown = [](std::string_view text) { return masked_text(text); };
    CHECK(shown("no queue 'amqp://u:s3cret@h/v'") == "no queue 'amqp://u:***@h/v'");
    CHECK(shown("x 'amqp://u:a b's3cret@h': gone") == "x 'amqp://u:***@h': gone");
    CHECK(shown("two: http://a:s3cret@h, sqlite://b:s3cret@h.") ==
          "two: http://***@h, sqlite://b:***@h.");
    CHECK(shown(R"({"x":"mqtt://u:s3cret@h","y":1})") == R"({"x":"mqtt://u:***@h","y":1})");
    CHECK(shown("k=amqp://u:s3cret@h") == "k=amqp://u:***@h");
    CHECK(shown("'amqp://u:s3cre…' is long") == "'amqp://u:***…' is long");
    CHECK(shown("amqp://h?password=s3cret") == "amqp://h?password=***");
    CHECK(shown("weird://u:s3cret") == "weird://u:***");
    // The words behind a query, and the marks around it, stay.
    CHECK(shown(R"(reason="http://h/a?k=s3cret: connection refused" x=1)") ==
          R"(reason="http://h/a?k=***: connection refused" x=1)");
    CHECK(shown(R"({"reason":"GET https://h/v1?id=s3cret","in_ms":1})") ==
          R"({"reason":"GET https://h/v1?id=***","in_ms":1})");
    CHECK(shown(R"({"reason":"GET \"https://h/v1?id=s3cret\" failed"})") ==
          R"({"reason":"GET \"https://h/v1?id=***\" failed"})");
    CHECK(shown(R"({"reason":"https://h/v1?id=s3cret\" failed"})") ==
          R"({"reason":"https://h/v1?id=***\" failed"})");
    CHECK(shown("'http://h/?a=s3cret: gone' it says") == "'http://h/?a=***: gone' it says");
    // A `?` may be one of a password that is not encoded.
    CHECK(shown("'amqp://u:a?\"s3 cret@h': gone") == "'amqp://u:***@h': gone");
    // Nothing else changes.
    for (const std::string text :
         {"cannot connect to amqp://guest:***@h:5672/: refused", "it is amqp://h:5672: there",
          "a URL is amqp://USER:PASSWORD@HOST:PORT/VHOST, or amqps://…", "tcp://HOST:PORT",
          "http://USER:PASSWORD@HOST:15672 or http://***@h/",
          "http://HOST:15672, or http://HOST:15672/PREFIX", "amqp://[::1]:5672/a,b", "://", "a://",
          "sqlite:///a:b@c.db", "sqlite:a:b@c", "amqp://h/?heartbeat=5"})
        CHECK(shown(text) == text);
}
