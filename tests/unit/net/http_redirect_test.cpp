// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "net/http_redirect.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace airy;

namespace {

std::string target(const std::string& location,
                   const std::string& from = "http://user:pass@host:81/a/b?c=1") {
    return net::redirect_target(net::parse_http_resource(from), location).value_or("elsewhere");
}

}  // namespace

TEST_CASE("a redirect within the origin has a new target") {
    CHECK(target("/x?y=2#z") == "/x?y=2");
    CHECK(target("x") == "/a/x");
    CHECK(target("./x/../y/.") == "/a/y/");
    CHECK(target("../../../x") == "/x");
    CHECK(target("..") == "/");
    CHECK(target("?d") == "/a/b?d");
    CHECK(target("") == "/a/b?c=1");
    CHECK(target("http://host:81") == "/");
    CHECK(target("HTTP://HOST:81/x") == "/x");
    CHECK(target("//host:81/x") == "/x");
    CHECK(target("https://host/x", "https://host:443/") == "/x");
    CHECK(target("http://[::1]:81/x", "http://[::1]:81/") == "/x");
    CHECK(target("/a:b") == "/a:b");
}

TEST_CASE("a redirect to another origin, or to nothing, is not followed") {
    for (const char* location :
         {"http://host/", "https://host:81/", "http://other:81/", "//other/", "//host:81@other/x",
          "http://me@host:81/", "http://host:81\\@other/", "javascript:x", "ftp://host:81/",
          "http://", "http://host:99999/", "/a b", "/a\r\nX: y", "/\xff"}) {
        CAPTURE(location);
        CHECK(target(location) == "elsewhere");
    }
}
