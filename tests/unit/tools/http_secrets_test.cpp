// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "consume/http_secrets.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "util/secret_mask.hpp"

using namespace airy;
using tools::consume::secrets_of;

namespace {

std::string shown_beside_header(const std::string& value, const std::string& text) {
    const std::vector<net::HttpHeader> headers{{"Any", value}};
    return util::SecretMask(secrets_of(headers)).masked(text);
}

std::string shown_beside_url(const std::string& url, const std::string& text) {
    return util::SecretMask(secrets_of(net::parse_http_resource(url))).masked(text);
}

}  // namespace

TEST_CASE("the secrets of a header, whole and in part") {
    CHECK(shown_beside_header("Bearer abcdef", "token abcdef, 'Bearer abcdef'") ==
          "token ***, '***'");
    CHECK(shown_beside_header("plain-secret", "plain-secret") == "***");
    CHECK(shown_beside_header("two longwords", "longwords and two") == "*** and two");
    // ann7:pass
    for (const char* scheme : {"Basic", "BASIC"})
        CHECK(shown_beside_header(std::string(scheme) + " YW5uNzpwYXNz",
                                  "YW5uNzpwYXNz ann7:pass ann7 pass") == "*** *** *** ***");
    CHECK(shown_beside_header("sid=abcd; theme=dark; \"x\"=\"quoted\"",
                              "sid is abcd, theme is dark, x is quoted") ==
          "sid is ***, theme is ***, x is ***");
    CHECK(shown_beside_header("Digest username=\"Mufasa\", nonce=\"f00f\"", "Mufasa f00f") ==
          "*** ***");
    CHECK(shown_beside_header("k=a%20b%20c", "a b c") == "***");
}

TEST_CASE("a secret inside JSON") {
    CHECK(shown_beside_header("ab\"cd\\ef", R"({"x":"ab\"cd\\ef"})") == R"({"x":"***"})");
    CHECK(shown_beside_header("ab/cd/ef", R"({"x":"ab\/cd\/ef"})") == R"({"x":"***"})");
}

TEST_CASE("the secrets of a URL, also decoded") {
    CHECK(shown_beside_url("http://ann7:pass@h/p?key=value&word", "ann7 pass value word p h") ==
          "*** *** *** *** p h");
    CHECK(shown_beside_url("http://ann7:pass@h/", "Basic YW5uNzpwYXNz") == "Basic ***");
    CHECK(shown_beside_url("http://token@h/", "token dG9rZW46") == "*** ***");
    CHECK(shown_beside_url("http://to%2Fken@h/", "to/ken") == "***");
    CHECK(shown_beside_url("http://h/?key=a%22b%26c%3D+d", R"(a%22b%26c%3D+d a"b&c=+d a"b&c= d)") ==
          "*** *** ***");
    CHECK(shown_beside_url("http://h/?key=a%22b%26c%3D+d", R"("a\"b&c= d")") == R"("***")");
    CHECK(secrets_of(net::parse_http_resource("http://h/p")).empty());
}
