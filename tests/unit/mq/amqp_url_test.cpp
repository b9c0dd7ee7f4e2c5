// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/amqp/url.hpp"

#include <doctest/doctest.h>

#include <string>

#include "util/error.hpp"

using namespace airy;

TEST_CASE("a URL's parts are taken apart and decoded") {
    const auto url =
        mq::amqp::parse_amqp_url("amqps://al%40ice:p%2Fw%3A@broker.example:5999/my%2Fhost");
    CHECK(url.tls);
    CHECK(url.user == "al@ice");
    CHECK(url.password == "p/w:");
    CHECK(url.host == "broker.example");
    CHECK(url.port == 5999);
    CHECK(url.vhost == "my/host");
}

TEST_CASE("missing parts of a URL have the usual defaults") {
    const auto plain = mq::amqp::parse_amqp_url("amqp://");
    CHECK(plain.host == "localhost");
    CHECK(plain.port == 5672);
    CHECK(plain.user == "guest");
    CHECK(plain.password == "guest");
    CHECK(plain.vhost == "/");
    CHECK(mq::amqp::parse_amqp_url("amqps://h").port == 5671);
    CHECK(mq::amqp::parse_amqp_url("amqp://h/").vhost == "/");
    CHECK(mq::amqp::parse_amqp_url("amqp://h/%2F").vhost == "/");
    CHECK(mq::amqp::parse_amqp_url("amqp://[::1]:7/").host == "::1");
    CHECK(mq::amqp::parse_amqp_url("amqp://[::1]:7/").port == 7);
    CHECK(mq::amqp::parse_amqp_url("amqp://u@h").password.empty());
    CHECK(mq::amqp::parse_amqp_url("amqp://h?heartbeat=7&verify=verify_peer&auth_mechanism=plain")
              .heartbeat == std::chrono::seconds(7));
    CHECK_FALSE(mq::amqp::parse_amqp_url("amqp://h").heartbeat.has_value());
}

TEST_CASE("a URL may name several hosts of one cluster") {
    const auto url = mq::amqp::parse_amqp_url("amqp://u:p@a:1,b,[::1]:7,[::2]/v");
    CHECK(url.host == "a");
    CHECK(url.port == 1);
    CHECK(url.more_hosts ==
          std::vector<mq::amqp::AmqpHost>{{"b", 5672}, {"::1", 7}, {"::2", 5672}});
    CHECK(url.vhost == "v");
    CHECK(mq::amqp::parse_amqp_url("amqps://a,b").more_hosts[0].port == 5671);
    CHECK(mq::amqp::parse_amqp_url("amqp://a").more_hosts.empty());
}

TEST_CASE("a URL that cannot be used is refused by naming the part, never the password") {
    for (const char* text : {"",
                             "localhost",
                             "http://h",
                             "amqp://u:secret@h:0",
                             "amqp://u:secret@h:65536",
                             "amqp://u:secret@h:x",
                             "amqp://u:secret%@h",
                             "amqp://u:secret@h/a/b",
                             "amqp://[::1",
                             "amqp://[::1]x",
                             "amqp://u:secret@h/%00",
                             "amqp://h?heartbeat=soon",
                             "amqp://a,,b",
                             "amqp://,b",
                             "amqp://a,/",
                             "amqp://a,b:x",
                             "amqp://a:b:1",
                             "amqp://u:secret/word@h",
                             "amqp://u:secret?word@h",
                             "amqp://u:5672/secret@h",
                             "amqp://u:/secret@h",
                             "amqp://u:p@secret/word@h",
                             "amqp://u:p@secret?word@h:1",
                             "amqp://u:secret",
                             "amqp://u:secret/v",
                             "amqp://u:x@h?secret",
                             "amqp://u:x@h?foo=secret",
                             "amqp:u:secret@h",
                             "amqp://u:x@h/\n",
                             "amqp://u:x@h%0a",
                             "u:secret@h://x"}) {
        CAPTURE(text);
        try {
            mq::amqp::parse_amqp_url(text);
            FAIL("accepted");
        } catch (const Error& error) {
            CHECK(error.kind() == ErrorKind::usage);
            CHECK(std::string(error.what()).find("secret") == std::string::npos);
            CHECK_FALSE(error.hint().empty());
        }
    }
}

TEST_CASE("a # is a part of the password or the virtual host") {
    const auto url = mq::amqp::parse_amqp_url("amqp://u:a#b@h/v#w");
    CHECK(url.password == "a#b");
    CHECK(url.host == "h");
    CHECK(url.vhost == "v#w");
}

TEST_CASE("a bare / or ? in a password is named, and the way to write it") {
    for (const char* text : {"amqp://u:a/b@h", "amqp://u:a?b@h", "amqp://u:p@h/v@w"})
        try {
            mq::amqp::parse_amqp_url(text);
            FAIL("accepted");
        } catch (const Error& error) {
            CHECK(std::string(error.what()).find("an @ stands behind the host") !=
                  std::string::npos);
            CHECK(error.hint().find("%2F") != std::string::npos);
        }
}

TEST_CASE("an unsupported parameter is refused with the nearest name, or its option") {
    const std::pair<const char*, const char*> cases[] = {
        {"amqp://h?hartbeat=5", "there is no parameter 'hartbeat', did you mean 'heartbeat'?"},
        {"amqp://h?heartbeat=5&foo=5", "there is no parameter 'foo'"},
        {"amqps://h/v?cacertfile=/ca.pem", "cacertfile is an option of its own"},
        {"amqps://h/v?verify=verify_none", "verify is an option of its own"},
        {"amqp://h?connection_timeout=10000", "connection_timeout is an option of its own"},
        {"amqp://h?auth_mechanism=external", "airy cannot do what auth_mechanism asks for"},
        {"amqp://h?channel_max=5", "airy cannot do what channel_max asks for"},
        {"amqps://u:secret@h?depth=2&password=secret&certfile=c",
         "airy cannot do what depth asks for"},
        {"amqps://u:secret@h?password=secret", "airy cannot do what password asks for"}};
    for (const auto& [text, why] : cases) {
        CAPTURE(text);
        try {
            mq::amqp::parse_amqp_url(text);
            FAIL("accepted");
        } catch (const Error& error) {
            CHECK(error.kind() == ErrorKind::usage);
            CHECK(std::string(error.what()).ends_with(why));
            CHECK(std::string(error.what()).find("secret") == std::string::npos);
        }
    }
}

TEST_CASE("a shown URL has no password") {
    CHECK(mq::amqp::masked_amqp_url("amqps://u:se@h/?a=1&password=p&b=password=") ==
          "amqps://u:***@h/?a=***&password=***&b=***");
    CHECK(mq::amqp::masked_amqp_url("amqp://u:p@h?heartbeat=5&foo=6") ==
          "amqp://u:***@h?heartbeat=5&foo=***");
    CHECK(mq::amqp::masked_amqp_url("amqps://h/?password=p") == "amqps://h/?password=***");
    CHECK(mq::amqp::masked_amqp_url("amqp://u:secret@h:1/v") == "amqp://u:***@h:1/v");
    CHECK(mq::amqp::masked_amqp_url("amqp://u:se@cr:et@h") == "amqp://u:***@h");
    CHECK(mq::amqp::masked_amqp_url("amqp://u@h") == "amqp://u@h");
    CHECK(mq::amqp::masked_amqp_url("amqp://h:1/") == "amqp://h:1/");
    CHECK(mq::amqp::masked_amqp_url("u:secret@h") == "u:***@h");
    CHECK(mq::amqp::masked_amqp_url("amqp://u:sec/ret@h") == "amqp://u:***@h");
    CHECK(mq::amqp::masked_amqp_url("u:secret@h://x") == "u:***@h://x");
}

TEST_CASE("without_password removes the password") {
    CHECK(mq::amqp::without_password("amqp://u:secret@h:1/v") == "amqp://u@h:1/v");
    CHECK(mq::amqp::without_password("amqp://u:se@cr:et@h") == "amqp://u@h");
    CHECK(mq::amqp::without_password("amqp://h:1/") == "amqp://h:1/");
}

TEST_CASE("with_password replaces the password") {
    using mq::amqp::with_password;
    CHECK(with_password("amqp://u:old@h:1/v", "p@/") == "amqp://u:p%40%2F@h:1/v");
    CHECK(with_password("amqp://u@h", "p") == "amqp://u:p@h");
    CHECK(with_password("amqp://h/v", "p") == "amqp://guest:p@h/v");
    CHECK(with_password("h", "p") == "h");
    CHECK(with_password("amqp://u@h?heartbeat=5", "p") == "amqp://u:p@h?heartbeat=5");
    CHECK(with_password("amqp://u:a/b@h", "p") == "amqp://u:a/b@h");  // is refused later
}
