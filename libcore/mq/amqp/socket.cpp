// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/amqp/socket.hpp"

#include <amqp_ssl_socket.h>
#include <amqp_tcp_socket.h>
#include <fmt/core.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <string>

#include "util/error.hpp"
#include "util/fd.hpp"
#include "util/system_failure.hpp"

namespace airy::mq::amqp {
namespace {

using std::chrono::steady_clock;

std::string cannot_connect(const Endpoint& endpoint, std::string_view why) {
    return fmt::format("cannot connect to {}: {}", masked_amqp_url(endpoint.url), why);
}

Error unreachable(const Endpoint& endpoint, std::string_view why, std::string_view hint,
                  Reason reason = Reason::unreachable) {
    return Error(reason, cannot_connect(endpoint, why), std::string(hint));
}

std::string lower_errno(int error) {
    std::string text = std::strerror(error);
    if (!text.empty())
        text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
    return text;
}

std::chrono::milliseconds left_until(steady_clock::time_point deadline) {
    return std::max(std::chrono::milliseconds(0),
                    std::chrono::ceil<std::chrono::milliseconds>(deadline - steady_clock::now()));
}

timeval timeval_until(steady_clock::time_point deadline) {
    const auto left = left_until(deadline);
    return {left.count() / 1000, (left.count() % 1000) * 1000};
}

using AddressList = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;

AddressList resolve(const AmqpUrl& url, const Endpoint& endpoint) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_ADDRCONFIG;
    addrinfo* found = nullptr;
    const std::string port = std::to_string(url.port);
    int error = ::getaddrinfo(url.host.c_str(), port.c_str(), &hints, &found);
    if (error == EAI_NONAME || error == EAI_BADFLAGS) {
        // AI_ADDRCONFIG hides loopback addresses on a host without any other.
        hints.ai_flags = 0;
        error = ::getaddrinfo(url.host.c_str(), port.c_str(), &hints, &found);
    }
    if (error != 0)
        throw unreachable(
            endpoint, fmt::format("cannot find the host '{}': {}", url.host, ::gai_strerror(error)),
            "is the host's name right?");
    return AddressList(found, &::freeaddrinfo);
}

// 0, or the errno of one address; ECANCELED when interrupted.
int connect_one(const addrinfo& address, util::Fd& out, steady_clock::time_point deadline,
                int interrupt) {
    util::Fd fd(::socket(address.ai_family, address.ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK,
                         address.ai_protocol));
    if (!fd) return errno;
    if (::connect(fd.get(), address.ai_addr, address.ai_addrlen) != 0) {
        if (errno != EINPROGRESS) return errno;
        pollfd waiting[] = {{fd.get(), POLLOUT, 0}, {interrupt, POLLIN, 0}};
        int ready;
        do
            ready = ::poll(waiting, 2, static_cast<int>(left_until(deadline).count()));
        while (ready < 0 && errno == EINTR);
        if (ready == 0) return ETIMEDOUT;
        if (waiting[1].revents != 0) return ECANCELED;
        int error = 0;
        socklen_t size = sizeof error;
        ::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error, &size);
        if (error != 0) return error;
    }
    out = std::move(fd);
    return 0;
}

util::Fd tcp_connect(const AmqpUrl& url, const Endpoint& endpoint,
                     steady_clock::time_point deadline, int interrupt) {
    const AddressList list = resolve(url, endpoint);
    int error = ECONNREFUSED;
    for (const addrinfo* address = list.get(); address != nullptr; address = address->ai_next) {
        util::Fd fd;
        error = connect_one(*address, fd, deadline, interrupt);
        if (error == 0) return fd;
        if (error == ECANCELED)
            throw unreachable(endpoint, "interrupted", "", Reason::interrupted).as_permanent();
    }
    if (error == ECONNREFUSED)
        throw Error(Reason::nobody_listens, cannot_connect(endpoint, lower_errno(error)),
                    "is RabbitMQ running there?");
    const auto limit = util::limit_hint(error);
    throw unreachable(endpoint, lower_errno(error),
                      limit.empty() ? "is the address right, and a firewall in between?" : limit)
        .about(util::blamed_for(error));
}

void set_options(int fd, const Endpoint& endpoint) {
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ::setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    const auto patience = std::chrono::milliseconds(
        endpoint.heartbeat.count() > 0 ? endpoint.heartbeat * 2 : std::chrono::seconds(60));
    const auto timeout = static_cast<unsigned>(patience.count());
    ::setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout, sizeof timeout);
}

// Why OpenSSL refused the peer's certificate; set by its verify callback, which has no other way to
// report. One handshake at a time on a thread.
thread_local int certificate_error = X509_V_OK;

int note_certificate(int ok, X509_STORE_CTX* store) {
    if (ok == 0) certificate_error = X509_STORE_CTX_get_error(store);
    return ok;
}

void load_certificates(amqp_socket_t* socket, const Endpoint& endpoint, const std::string& host) {
    const TlsOptions& tls = endpoint.tls;
    auto* context = static_cast<SSL_CTX*>(amqp_ssl_socket_get_context(socket));
    if (!tls.ca_file.empty()) {
        if (::access(tls.ca_file.c_str(), R_OK) != 0 ||
            amqp_ssl_socket_set_cacert(socket, tls.ca_file.c_str()) != AMQP_STATUS_OK)
            throw Error(Reason::authorities_unreadable,
                        fmt::format("cannot read certificates from '{}'", tls.ca_file));
    } else {
        SSL_CTX_set_default_verify_paths(context);
    }
    if (tls.cert_file.empty() != tls.key_file.empty())
        throw Error(Reason::part_of_pair_missing,
                    "a client certificate and its key belong together: only one is given");
    if (!tls.cert_file.empty() && amqp_ssl_socket_set_key(socket, tls.cert_file.c_str(),
                                                          tls.key_file.c_str()) != AMQP_STATUS_OK)
        throw Error(Reason::certificate_unusable,
                    fmt::format("cannot use the certificate '{}' with the key '{}'", tls.cert_file,
                                tls.key_file));
    amqp_ssl_socket_set_verify_peer(socket, tls.insecure ? 0 : 1);
    // rabbitmq-c checks host names only, and takes an address for a name.
    const bool is_address =
        X509_VERIFY_PARAM_set1_ip_asc(SSL_CTX_get0_param(context), host.c_str()) == 1;
    amqp_ssl_socket_set_verify_hostname(socket, tls.insecure || is_address ? 0 : 1);
    amqp_ssl_socket_set_ssl_versions(socket, AMQP_TLSv1_2, AMQP_TLSvLATEST);
    if (!tls.insecure) SSL_CTX_set_verify(context, SSL_VERIFY_PEER, note_certificate);
}

void guard_handshake(const SSL* tls, int where, int) {
    if ((where & SSL_CB_HANDSHAKE_START) == 0) return;
    auto* watch = static_cast<InterruptWatch*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(tls)));
    if (watch != nullptr) watch->guard(SSL_get_fd(tls));
}

Error tls_error(int status, const AmqpUrl& url, const Endpoint& endpoint) {
    constexpr std::string_view not_trusted = "the broker's certificate is not trusted";
    const bool other_host = status == AMQP_STATUS_SSL_HOSTNAME_VERIFY_FAILED ||
                            certificate_error == X509_V_ERR_IP_ADDRESS_MISMATCH;
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
    return unreachable(endpoint, "the TLS handshake failed",
                       "is it a TLS port (usually 5671)? amqp:// speaks without TLS");
}

}  // namespace

void open_socket(amqp_connection_state_t state, const AmqpUrl& url, const Endpoint& endpoint,
                 steady_clock::time_point deadline, int interrupt, InterruptWatch& watch) {
    // rabbitmq-c hides why a TCP connection failed, so the connection is made here; rabbitmq-c's
    // TLS socket cannot take it over and makes its own.
    util::Fd fd = tcp_connect(url, endpoint, deadline, interrupt);
    if (!url.tls) {
        set_options(fd.get(), endpoint);
        amqp_socket_t* socket = amqp_tcp_socket_new(state);
        if (socket == nullptr) throw std::bad_alloc();
        watch.guard(fd.get());
        amqp_tcp_socket_set_sockfd(socket, fd.release());
        return;
    }
    fd.reset();
    amqp_socket_t* socket = amqp_ssl_socket_new(state);
    if (socket == nullptr) throw Error(ErrorKind::general, "cannot start the TLS library");
    load_certificates(socket, endpoint, url.host);
    // Tells which socket the handshake is on, when it begins.
    auto* context = static_cast<SSL_CTX*>(amqp_ssl_socket_get_context(socket));
    SSL_CTX_set_app_data(context, &watch);
    SSL_CTX_set_info_callback(context, guard_handshake);
    certificate_error = X509_V_OK;
    const timeval left = timeval_until(deadline);
    const int status = amqp_socket_open_noblock(socket, url.host.c_str(), url.port, &left);
    SSL_CTX_set_info_callback(context, nullptr);  // `watch` ends before the connection does
    SSL_CTX_set_app_data(context, nullptr);
    if (status != AMQP_STATUS_OK) throw tls_error(status, url, endpoint);
    set_options(amqp_socket_get_sockfd(socket), endpoint);
}

}  // namespace airy::mq::amqp
