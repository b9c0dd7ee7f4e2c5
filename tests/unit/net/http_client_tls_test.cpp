// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <cstdlib>
#include <semaphore>

#include "asking.hpp"
#include "net/http_client.hpp"
#include "scripted_server.hpp"
#include "self_signed.hpp"
#include "temporary_directory.hpp"

using namespace airy;
using test::ask;
using test::get;
using test::http_answer;
using test::Talk;
using test::TalkingServer;

namespace {

// The certificates of tests/support/make-certs, made once.
std::string certificate(const std::string& name) {
    static const test::TemporaryDirectory directory;
    static const int made =
        std::system(("'" MAKE_CERTS "' '" + directory.path() + "' >/dev/null 2>&1").c_str());
    REQUIRE(made == 0);
    return directory.path() + "/" + name;
}

// An HTTPS server that shows the certificate `name` and answers with the connection's number.
struct Server {
    explicit Server(const std::string& name, bool ask_for_client = false)
        : context(::SSL_CTX_new(::TLS_server_method()), ::SSL_CTX_free) {
        ::SSL_CTX_use_certificate_file(context.get(), certificate(name + ".pem").c_str(),
                                       SSL_FILETYPE_PEM);
        ::SSL_CTX_use_PrivateKey_file(context.get(), certificate(name + ".key").c_str(),
                                      SSL_FILETYPE_PEM);
        if (!ask_for_client) return;
        ::SSL_CTX_load_verify_locations(context.get(), certificate("ca.pem").c_str(), nullptr);
        ::SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                             nullptr);
    }
    std::string url(const char* host = "localhost") const {
        return "https://" + std::string(host) + ":" + std::to_string(talking.port());
    }

    std::unique_ptr<SSL_CTX, decltype(&::SSL_CTX_free)> context;
    TalkingServer talking{[](Talk& talk) {
                              while (!talk.read_request().empty())
                                  talk.send(http_answer(200, std::to_string(talk.number())));
                          },
                          context.get()};
};

std::string ask_once(const Server& server, const net::TlsOptions& tls,
                     const char* host = "localhost") {
    boost::asio::io_context loop{1};
    net::HttpClientOptions options;
    options.tls = tls;
    net::HttpClient client(loop, options);
    return ask(loop, client, get(server.url(host)));
}

net::TlsOptions trusting() {
    net::TlsOptions tls;
    tls.ca_file = certificate("ca.pem");
    return tls;
}

}  // namespace

TEST_CASE("a server with a trusted certificate answers, and its connection is kept") {
    Server server("server");
    boost::asio::io_context loop{1};
    net::HttpClientOptions options;
    options.tls = trusting();
    net::HttpClient client(loop, options);
    for (int i = 0; i < 3; ++i)
        CHECK(ask(loop, client, get(server.url())) == "0");
    CHECK(ask(loop, client, get(server.url("127.0.0.1"))) == "1");
}

TEST_CASE("a request is not sent twice on a kept TLS connection that the server has closed") {
    test::SelfSigned certificate("localhost");
    TalkingServer server(
        [](Talk& talk) {
            talk.read_request();
            talk.send(http_answer(200, std::to_string(talk.number())));
        },
        certificate.server_context());
    boost::asio::io_context loop{1};
    net::HttpClientOptions options;
    options.tls.ca_file = certificate.pem_path();
    net::HttpClient client(loop, options);
    const auto request = get("https://localhost:" + std::to_string(server.port()));
    CHECK(ask(loop, client, request) == "0");
    REQUIRE(server.wait_for_ended(1));
    CHECK(ask(loop, client, request) == "1");
}

TEST_CASE("a TLS connection with more than the answer is not kept") {
    test::SelfSigned certificate("localhost");
    std::counting_semaphore<2> sent(0);
    TalkingServer server(
        [&sent](Talk& talk) {
            talk.read_request();
            talk.send(http_answer(200, std::to_string(talk.number())));
            talk.send(http_answer(200, "stray"));
            sent.release();
            talk.hold();
        },
        certificate.server_context());
    boost::asio::io_context loop{1};
    net::HttpClientOptions options;
    options.tls.ca_file = certificate.pem_path();
    net::HttpClient client(loop, options);
    const auto request = get("https://localhost:" + std::to_string(server.port()));
    CHECK(ask(loop, client, request) == "0");
    sent.acquire();
    CHECK(ask(loop, client, request) == "1");
}

TEST_CASE("refused certificates, with the reason") {
    const std::string failed = "! TLS handshake failed: ";
    CHECK(ask_once(Server("expired"), trusting()) == failed + "certificate has expired");
    CHECK(ask_once(Server("stranger"), trusting()) ==
          failed + "unable to get local issuer certificate");
    CHECK(ask_once(Server("wrong-host"), trusting()) ==
          failed + "the certificate is not for 'localhost'");
    CHECK(ask_once(Server("wrong-host"), trusting(), "127.0.0.1") ==
          failed + "the certificate is not for '127.0.0.1'");
    CHECK(ask_once(Server("server"), {}) == failed + "unable to get local issuer certificate");

    net::TlsOptions insecure;
    insecure.insecure = true;
    for (const char* name : {"expired", "stranger", "wrong-host"})
        CHECK(ask_once(Server(name), insecure) == "0");
}

TEST_CASE("the client's certificate is shown to a server that asks for it") {
    Server server("server", true);
    CHECK(ask_once(server, trusting()).starts_with("! "));
    auto tls = trusting();
    tls.cert_file = certificate("client.pem");
    tls.key_file = certificate("client.key");
    CHECK(ask_once(server, tls) != "");
    CHECK_FALSE(ask_once(server, tls).starts_with("!"));

    tls.key_file = certificate("server.key");
    CHECK(ask_once(server, tls).starts_with("! cannot use the key " + tls.key_file + ": "));
    tls.cert_file = "/nonexistent.pem";
    CHECK(ask_once(server, tls) ==
          "! cannot use the certificate /nonexistent.pem: No such file or directory");
}
