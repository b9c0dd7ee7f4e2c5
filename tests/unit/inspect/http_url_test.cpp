// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include "inspect/http.hpp"
#include "util/error.hpp"

using namespace airy;
using inspect::parse_http_url;

TEST_CASE("the parts of a management URL") {
    auto url = parse_http_url("http://rabbit.example");
    CHECK_FALSE(url.tls);
    CHECK(url.host == "rabbit.example");
    CHECK(url.port == 15672);
    CHECK(url.prefix.empty());
    CHECK(url.user.empty());

    url = parse_http_url("https://rabbit.example/");
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
    CHECK(parse_http_url("http://[fe80::1]").port == 15672);
}

TEST_CASE("a URL is shown without its login") {
    CHECK(parse_http_url("https://ann:secret@proxy/mq").shown() == "https://proxy:15671/mq");
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
                           "http://u:secret@host:bad"};
    for (const char* text : wrong) {
        CAPTURE(text);
        try {
            parse_http_url(text);
            FAIL("was accepted");
        } catch (const Error& error) {
            CHECK(error.kind() == ErrorKind::usage);
            CHECK(std::string(error.what()).find("secret") == std::string::npos);
            CHECK_FALSE(error.hint().empty());
        }
    }
}

TEST_CASE("names are encoded so that they stay one path segment") {
    CHECK(inspect::percent_encode("/") == "%2F");
    CHECK(inspect::percent_encode("a b?c#d%e+f") == "a%20b%3Fc%23d%25e%2Bf");
    CHECK(inspect::percent_encode("post.published-1_x~") == "post.published-1_x~");
    CHECK(inspect::percent_encode("\xE5\xB8\x96") == "%E5%B8%96");
    CHECK(inspect::percent_encode("..") == "..");
}
