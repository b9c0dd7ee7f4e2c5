// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "net/http_url.hpp"

#include <doctest/doctest.h>

#include "util/error.hpp"

using namespace airy;
using net::parse_http_url;

namespace {

constexpr net::HttpUrlKind management{"management URL", 15672, 15671, "it reads http://HOST:15672"};

}  // namespace

TEST_CASE("the parts of an HTTP URL") {
    auto url = parse_http_url("http://rabbit.example", management);
    CHECK_FALSE(url.tls);
    CHECK(url.host == "rabbit.example");
    CHECK(url.port == 15672);
    CHECK(url.prefix.empty());
    CHECK(url.user.empty());

    url = parse_http_url("https://rabbit.example/", management);
    CHECK(url.tls);
    CHECK(url.port == 15671);
    CHECK(url.prefix.empty());

    url = parse_http_url("https://ann:p%40ss%2Fword@proxy:8443/mq/eu/");
    CHECK(url.host == "proxy");
    CHECK(url.port == 8443);
    CHECK(url.prefix == "/mq/eu");
    CHECK(url.user == "ann");
    CHECK(url.password == "p@ss/word");

    url = parse_http_url("http://[::1]:80");
    CHECK(url.host == "::1");
    CHECK(url.port == 80);
    CHECK(parse_http_url("http://[fe80::1]", management).port == 15672);
    CHECK(parse_http_url("http://host").port == 80);
    CHECK(parse_http_url("https://host").port == 443);
    // A scheme has no case.
    CHECK(parse_http_url("HTTPS://host").tls);
    CHECK(parse_http_url("Http://host").port == 80);
}

TEST_CASE("a URL is shown without its login") {
    CHECK(parse_http_url("https://ann:secret@proxy/mq", management).shown() ==
          "https://proxy:15671/mq");
    CHECK(parse_http_url("http://[::1]:80").shown() == "http://[::1]:80");
}

TEST_CASE("URLs that cannot be used say why and never show the login") {
    const char* wrong[] = {"",
                           "rabbit:15672",
                           "ftp://host",
                           "http://",
                           "http://:15672",
                           "http://host:",
                           "http://host:0",
                           "http://host:65536",
                           "http://host:80x",
                           "http://[::1",
                           "http://[::1]80",
                           "http://ho st",
                           "http://host/a b",
                           "http://host/\r\nx",
                           "http://host?x=1",
                           "http://u:secret%zz@host",
                           "http://u:secret%2@host",
                           "http://u:secret@host:bad",
                           "http://u:secret/word@host",
                           "http://u:secret?word@host",
                           "http://u:80/secret@host",
                           "http://u:p@secret/word@host",
                           "http://u:secret"};
    for (const char* text : wrong) {
        CAPTURE(text);
        try {
            parse_http_url(text, management);
            FAIL("was accepted");
        } catch (const Error& error) {
            CHECK(error.kind() == ErrorKind::usage);
            CHECK(std::string(error.what()).find("secret") == std::string::npos);
            CHECK(std::string(error.what()).starts_with("cannot use the management URL: "));
            CHECK(error.hint() == "it reads http://HOST:15672");
        }
    }
}

TEST_CASE("the URL of one resource keeps its path and its query") {
    const auto resource = [](const char* url) { return net::parse_http_resource(url); };
    CHECK(resource("http://host").target == "/");
    CHECK(resource("http://host/hook/").target == "/hook/");
    CHECK(resource("http://host/hook").target == "/hook");
    CHECK(resource("http://host?a=b").target == "/?a=b");
    const auto all = resource("https://ann:p%40ss@host:8443/a/b?token=x&c");
    CHECK(all.target == "/a/b?token=x&c");
    CHECK(all.server.prefix.empty());
    CHECK(all.server.tls);
    CHECK(all.server.port == 8443);
    CHECK(all.server.user == "ann");
    CHECK(all.server.password == "p@ss");
    for (const char* wrong :
         {"", "host/x", "ftp://host", "http://", "http://host/a b", "http://host/?a b",
          "http://host/#a", "http://host:0/", "http://a:b/c@host/", "http://host/\r"}) {
        CAPTURE(wrong);
        CHECK_THROWS_AS(resource(wrong), Error);
    }
}
