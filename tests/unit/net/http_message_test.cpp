// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "net/http_message.hpp"

#include <doctest/doctest.h>

#include "util/error.hpp"

using namespace airy;
using net::http_request_head;
using net::HttpRequest;

namespace {

HttpRequest request(const std::string& method, const std::string& body = "") {
    HttpRequest out;
    out.url = net::parse_http_url("http://host:81/prefix");
    out.method = method;
    out.target = "/a?b";
    out.body = body;
    return out;
}

}  // namespace

TEST_CASE("a request's head") {
    CHECK(http_request_head(request("GET"), true) ==
          "GET /prefix/a?b HTTP/1.1\r\nHost: host:81\r\nUser-Agent: airy/" AIRY_VERSION "\r\n\r\n");
    auto post = request("POST", "four");
    post.url = net::parse_http_url("https://ann:s%3Aecret@[::1]");
    post.headers = {{"user-agent", "me"}, {"X-Empty", ""}};
    CHECK(http_request_head(post, false) ==
          "POST /a?b HTTP/1.1\r\nHost: [::1]:443\r\nuser-agent: me\r\nX-Empty: \r\n"
          "Connection: close\r\nAuthorization: Basic YW5uOnM6ZWNyZXQ=\r\n"
          "Content-Length: 4\r\n\r\n");
    post.headers.push_back({"authorization", "Bearer x"});
    CHECK(http_request_head(post, true).find("Basic") == std::string::npos);
}

TEST_CASE("methods that usually have a body send its length, even when it is empty") {
    CHECK(http_request_head(request("PUT"), true).find("Content-Length: 0\r\n") !=
          std::string::npos);
    CHECK(http_request_head(request("DELETE"), true).find("Content-Length") == std::string::npos);
    CHECK(http_request_head(request("DELETE", "x"), true).find("Content-Length: 1\r\n") !=
          std::string::npos);
}

TEST_CASE("texts that break their line are refused, and a header's value is not shown") {
    std::vector<HttpRequest> wrong(9, request("GET"));
    wrong[0].method = "GET /\r\n";
    wrong[1].method.clear();
    wrong[2].target = "a";
    wrong[3].target = "/a b";
    wrong[4].target = "/a\r\nX: y";
    wrong[5].headers = {{"X: y\r\nZ", "v"}};
    wrong[6].headers = {{"X", "secret\r\nZ: z"}};
    wrong[7].headers = {{"content-length", "7"}};
    wrong[8].headers = {{"Transfer-Encoding", "chunked"}};
    for (const auto& bad : wrong) {
        try {
            http_request_head(bad, true);
            FAIL("was written");
        } catch (const Error& error) {
            CHECK(error.kind() == ErrorKind::usage);
            CHECK(std::string(error.what()).find("secret") == std::string::npos);
        }
    }
}

TEST_CASE("headers are found in upper or lower case, the first of a name") {
    net::HttpResponse response;
    response.headers = {{"Retry-After", "5"}, {"retry-after", "6"}};
    REQUIRE(response.header("RETRY-AFTER") != nullptr);
    CHECK(*response.header("RETRY-AFTER") == "5");
    CHECK(response.header("Retry") == nullptr);
}
