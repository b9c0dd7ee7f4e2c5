// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "net/http_get.hpp"

#include <doctest/doctest.h>

#include <chrono>

#include "scripted_server.hpp"
#include "self_signed.hpp"
#include "util/error.hpp"

using namespace airy;
using namespace std::chrono_literals;
using net::http_get;
using net::parse_http_url;
using test::http_answer;
using test::ScriptedServer;

namespace {

// The reason why a request failed; fails the test when it did not.
std::string failure(const std::string& url, std::chrono::milliseconds deadline = 5s,
                    const net::TlsOptions& tls = {}, ErrorKind kind = ErrorKind::unreachable) {
    try {
        http_get(parse_http_url(url), "/api/overview", tls, deadline);
    } catch (const Error& error) {
        CHECK(error.kind() == kind);
        return error.what();
    }
    FAIL("was answered");
    return {};
}

}  // namespace

TEST_CASE("asks with the login and gets status and body") {
    ScriptedServer server({http_answer(200, "{\"a\":1}")});
    auto url = parse_http_url(server.url() + "/prefix");
    url.user = "ann";
    url.password = "s:ecret";
    const auto answer = http_get(url, "/api/x%2Fy?columns=name", {}, 5s);
    CHECK(answer.status == 200);
    CHECK(answer.body == "{\"a\":1}");
    REQUIRE(server.requests().size() == 1);
    const auto head = server.requests()[0];
    CHECK(head.starts_with("GET /prefix/api/x%2Fy?columns=name HTTP/1.1\r\n"));
    CHECK(head.find("Authorization: Basic YW5uOnM6ZWNyZXQ=\r\n") != head.npos);
    CHECK(head.find("Host: 127.0.0.1:" + std::to_string(server.port()) + "\r\n") != head.npos);
}

TEST_CASE("other statuses are answers too, and no login is sent when there is none") {
    ScriptedServer server({http_answer(404, "{}")});
    CHECK(http_get(parse_http_url(server.url()), "/", {}, 5s).status == 404);
    REQUIRE(server.requests().size() == 1);
    CHECK(server.requests()[0].find("Authorization") == std::string::npos);
}

TEST_CASE("chunked answers are put together") {
    ScriptedServer server(
        {"HTTP/1.1 200 OK\r\ntransfer-encoding: "
         "chunked\r\n\r\n4\r\n[1,2\r\n3\r\n,3]\r\n0\r\n\r\n"});
    CHECK(http_get(parse_http_url(server.url()), "/", {}, 5s).body == "[1,2,3]");
}

TEST_CASE("an answer that ends before its length is an error") {
    ScriptedServer server({"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n[1,2", "",
                           "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\n[1,2\r\n"});
    CHECK(failure(server.url()) == "the answer was cut off");
    CHECK(failure(server.url()) == "the answer was cut off");
    CHECK(failure(server.url()) == "the answer was cut off");
}

TEST_CASE("a request to a server that stalls ends at the deadline") {
    for (const char* begin : {"", "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n[1"}) {
        ScriptedServer server({begin}, true);
        const auto start = std::chrono::steady_clock::now();
        CHECK(failure(server.url(), 150ms) == "no answer within 0.15 s");
        const auto took = std::chrono::steady_clock::now() - start;
        CHECK(took >= 150ms);
        CHECK(took < 5s);
    }
}

TEST_CASE("no server listens") {
    std::string url;
    {
        ScriptedServer server({});
        url = server.url();
    }
    CHECK(failure(url) == "connection refused");
}

TEST_CASE("a host that does not exist") {
    // A label of more than 63 bytes: no name server is asked.
    CHECK(failure("http://" + std::string(70, 'x') + ".invalid", 30s)
              .starts_with("cannot resolve 'xxx"));
}

TEST_CASE("an answer that is not HTTP") {
    ScriptedServer server({"AMQP 0-9-1 and so on\r\n\r\n"});
    CHECK(failure(server.url()).starts_with("the answer is not HTTP"));
}

TEST_CASE("TLS to a server without it") {
    ScriptedServer server({"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n"});
    const auto reason = failure("https://127.0.0.1:" + std::to_string(server.port()));
    CHECK(reason.starts_with("TLS handshake failed: "));
}

TEST_CASE("TLS checks the peer and its host name") {
    const test::SelfSigned certificate("localhost");
    ScriptedServer server({http_answer(200, "[]")}, false, certificate.server_context());
    const auto port = std::to_string(server.port());
    net::TlsOptions tls;

    SUBCASE("trusted by --cacert") {
        tls.ca_file = certificate.pem_path();
        CHECK(http_get(parse_http_url("https://localhost:" + port), "/", tls, 5s).body == "[]");
    }
    SUBCASE("unknown to the system's roots") {
        CHECK(failure("https://localhost:" + port, 5s, tls) ==
              "TLS handshake failed: self-signed certificate");
    }
    SUBCASE("for another host") {
        tls.ca_file = certificate.pem_path();
        CHECK(failure("https://127.0.0.1:" + port, 5s, tls) ==
              "TLS handshake failed: the certificate is not for '127.0.0.1'");
    }
    SUBCASE("--insecure skips the checks") {
        tls.insecure = true;
        CHECK(http_get(parse_http_url("https://127.0.0.1:" + port), "/", tls, 5s).status == 200);
    }
    SUBCASE("a CA file that is not there") {
        tls.ca_file = "/nonexistent/ca.pem";
        CHECK(failure("https://localhost:" + port, 5s, tls, ErrorKind::usage)
                  .starts_with("cannot use the CA file /nonexistent/ca.pem: No such file"));
    }
}
