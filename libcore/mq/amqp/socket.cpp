// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/amqp/socket.hpp"

#include <fmt/core.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <new>
#include <string>

#include "mq/amqp/tls_socket.hpp"
#include "net/dial.hpp"
#include "util/error.hpp"

namespace airy::mq::amqp {
namespace {

// The bare reason becomes the project's words for this broker.
Error cannot_connect(const Endpoint& endpoint, const Error& error) {
    const auto message =
        fmt::format("cannot connect to {}: {}", masked_amqp_url(endpoint.url), error.what());
    switch (error.reason()) {
        case Reason::interrupted:
            return Error(Reason::interrupted, message).as_permanent();
        case Reason::nobody_listens:
            return Error(error.reason(), message, "is RabbitMQ running there?");
        case Reason::host_not_found:
            return Error(error.reason(), message, "is the host's name right?");
        default:
            return Error(error.reason(), message,
                         error.hint().empty() ? "is the address right, and a firewall in between?"
                                              : error.hint())
                .about(error.subject());
    }
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

}  // namespace

void open_socket(amqp_connection_state_t state, const AmqpUrl& url, const Endpoint& endpoint,
                 std::chrono::steady_clock::time_point deadline, int interrupt,
                 InterruptWatch& watch) {
    // rabbitmq-c hides why a TCP connection failed, blocks in looking up the name, and waits for
    // the first address alone, so the connection is made here. rabbitmq-c's TLS socket cannot take
    // it over; it makes its own to the address that answered.
    net::Dialled dialled;
    try {
        dialled = net::dial(url.host, url.port, {deadline, interrupt});
    } catch (const Error& error) {
        throw cannot_connect(endpoint, error);
    }
    if (!url.tls) {
        amqp_socket_t* socket = amqp_tcp_socket_new(state);
        if (socket == nullptr) throw std::bad_alloc();
        watch.guard(dialled.fd.get());
        amqp_tcp_socket_set_sockfd(socket, dialled.fd.release());
    } else {
        dialled.fd.reset();
        open_tls_socket(state, url, endpoint, dialled.address, deadline, watch);
    }
    set_options(amqp_get_sockfd(state), endpoint);
}

}  // namespace airy::mq::amqp
