// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/amqp/tls_socket.hpp"

#include <fmt/core.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <algorithm>
#include <string_view>

#include "net/tls_context.hpp"
#include "util/error.hpp"

namespace airy::mq::amqp {
namespace {

using std::chrono::steady_clock;

Error unreachable(const Endpoint& endpoint, std::string_view why, std::string_view hint,
                  Reason reason = Reason::unreachable) {
    return Error(reason,
                 fmt::format("cannot connect to {}: {}", masked_amqp_url(endpoint.url), why),
                 std::string(hint));
}

timeval timeval_until(steady_clock::time_point deadline) {
    const auto left =
        std::max(std::chrono::milliseconds(0),
                 std::chrono::ceil<std::chrono::milliseconds>(deadline - steady_clock::now()));
    return {left.count() / 1000, (left.count() % 1000) * 1000};
}

// The handshake under way, for OpenSSL's callbacks.
struct Handshake {
    const std::string& host;
    InterruptWatch& watch;
};

// Why OpenSSL refused the peer's certificate; set by its verify callback, which has no other way to
// report. One handshake at a time on a thread.
thread_local int certificate_error = X509_V_OK;

int note_certificate(int ok, X509_STORE_CTX* store) {
    if (ok == 0) certificate_error = X509_STORE_CTX_get_error(store);
    return ok;
}

void load_certificates(amqp_socket_t* socket, const Endpoint& endpoint) {
    const TlsOptions& tls = endpoint.tls;
    auto* context = static_cast<SSL_CTX*>(amqp_ssl_socket_get_context(socket));
    if (!tls.ca_file.empty()) {
        const auto why = net::why_unreadable(tls.ca_file);
        if (!why.empty() ||
            amqp_ssl_socket_set_cacert(socket, tls.ca_file.c_str()) != AMQP_STATUS_OK)
            throw Error(Reason::authorities_unreadable,
                        fmt::format("cannot read certificates from '{}'{}{}", tls.ca_file,
                                    why.empty() ? "" : ": ", why));
    } else {
        SSL_CTX_set_default_verify_paths(context);
    }
    if (tls.cert_file.empty() != tls.key_file.empty())
        throw Error(Reason::part_of_pair_missing,
                    "a client certificate and its key belong together: only one is given");
    net::ask_for_no_passphrase(context);
    if (!tls.cert_file.empty() && amqp_ssl_socket_set_key(socket, tls.cert_file.c_str(),
                                                          tls.key_file.c_str()) != AMQP_STATUS_OK) {
        if (net::passphrase_wanted()) throw net::key_encrypted(tls.key_file);
        for (const auto& file : {tls.cert_file, tls.key_file})
            if (const auto why = net::why_unreadable(file); !why.empty())
                throw Error(Reason::certificate_unusable,
                            fmt::format("cannot read '{}': {}", file, why));
        throw Error(Reason::certificate_unusable,
                    fmt::format("cannot use the certificate '{}' with the key '{}'", tls.cert_file,
                                tls.key_file));
    }
    amqp_ssl_socket_set_verify_peer(socket, tls.insecure ? 0 : 1);
    // rabbitmq-c would compare the certificate with the address that it connects to.
    amqp_ssl_socket_set_verify_hostname(socket, 0);
    amqp_ssl_socket_set_ssl_versions(socket, AMQP_TLSv1_2, AMQP_TLSvLATEST);
    if (!tls.insecure) SSL_CTX_set_verify(context, SSL_VERIFY_PEER, note_certificate);
}

// Runs before the first message of the handshake is made. rabbitmq-c has put the address into the
// extension for the server's name (RFC 6066 section 3 allows names only).
void begin_handshake(const SSL* tls, int where, int) {
    if ((where & SSL_CB_HANDSHAKE_START) == 0) return;
    const auto* handshake =
        static_cast<const Handshake*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(tls)));
    if (handshake == nullptr) return;
    const char* name = net::is_address(handshake->host) ? nullptr : handshake->host.c_str();
    SSL_set_tlsext_host_name(const_cast<SSL*>(tls), name);
    handshake->watch.guard(SSL_get_fd(tls));
}

Error tls_error(int status, const AmqpUrl& url, const Endpoint& endpoint) {
    constexpr std::string_view not_trusted = "the broker's certificate is not trusted";
    const bool other_host = status == AMQP_STATUS_SSL_HOSTNAME_VERIFY_FAILED ||
                            net::is_of_other_host(certificate_error);
    if (other_host)
        return unreachable(
                   endpoint,
                   fmt::format("the broker's certificate is not for the host '{}'", url.host),
                   "use the name that the certificate carries", Reason::certificate_of_other_host)
            .as_permanent();
    if (certificate_error == X509_V_ERR_CERT_HAS_EXPIRED)
        return unreachable(endpoint,
                           fmt::format("{}: {}", not_trusted,
                                       X509_verify_cert_error_string(certificate_error)),
                           "renew the broker's certificate", Reason::certificate_expired)
            .as_permanent();
    if (certificate_error != X509_V_OK)
        return unreachable(endpoint,
                           fmt::format("{}: {}", not_trusted,
                                       X509_verify_cert_error_string(certificate_error)),
                           "", Reason::certificate_untrusted)
            .as_permanent();
    if (status == AMQP_STATUS_SSL_PEER_VERIFY_FAILED)
        return unreachable(endpoint, not_trusted, "", Reason::certificate_untrusted).as_permanent();
    if (status == AMQP_STATUS_TIMEOUT)
        return unreachable(endpoint, "the TLS handshake did not end in time",
                           "is it a TLS port? amqp:// speaks without TLS");
    const auto failure = net::take_handshake_failure();
    if (failure.version)
        return unreachable(
                   endpoint,
                   fmt::format("the broker offers neither TLS 1.2 nor TLS 1.3 ({})", failure.text),
                   "let the broker offer one of them: in RabbitMQ, ssl_options.versions",
                   Reason::tls_too_old)
            .as_permanent();
    return unreachable(endpoint,
                       failure.text.empty()
                           ? "the TLS handshake failed"
                           : fmt::format("the TLS handshake failed: {}", failure.text),
                       "is it a TLS port (usually 5671)? amqp:// speaks without TLS");
}

}  // namespace

void open_tls_socket(amqp_connection_state_t state, const AmqpUrl& url, const Endpoint& endpoint,
                     const std::string& address, steady_clock::time_point deadline,
                     InterruptWatch& watch) {
    amqp_socket_t* socket = amqp_ssl_socket_new(state);
    if (socket == nullptr) throw Error(ErrorKind::general, "cannot start the TLS library");
    load_certificates(socket, endpoint);
    auto* context = static_cast<SSL_CTX*>(amqp_ssl_socket_get_context(socket));
    if (!endpoint.tls.insecure) net::expect_host(SSL_CTX_get0_param(context), url.host);
    Handshake handshake{url.host, watch};
    SSL_CTX_set_app_data(context, &handshake);
    SSL_CTX_set_info_callback(context, begin_handshake);
    certificate_error = X509_V_OK;
    ERR_clear_error();
    const timeval left = timeval_until(deadline);
    const int status = amqp_socket_open_noblock(socket, address.c_str(), url.port, &left);
    SSL_CTX_set_info_callback(context, nullptr);  // `handshake` ends before the connection does
    SSL_CTX_set_app_data(context, nullptr);
    if (status != AMQP_STATUS_OK) throw tls_error(status, url, endpoint);
}

}  // namespace airy::mq::amqp
