// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <doctest/doctest.h>
#include <poll.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "mq/amqp/url.hpp"
#include "mq/broker.hpp"
#include "private_rabbit.hpp"
#include "tcp_proxy.hpp"
#include "util/error.hpp"

// A node and a proxy before it, shared by the tests of lost connections.
namespace airy::test {

using namespace std::chrono_literals;

constexpr auto patience = 60s;

// One node for all cases: each leaves it running.
inline PrivateRabbit& node() {
    static PrivateRabbit rabbit;
    return rabbit;
}

inline std::uint16_t node_port() {
    return mq::amqp::parse_amqp_url(node().url()).port;
}

inline mq::Endpoint endpoint(const std::string& url, bool reconnects = true) {
    mq::Endpoint endpoint;
    endpoint.url = url;
    endpoint.reconnect.enabled = reconnects;
    return endpoint;
}

// A durable queue that takes every event of an exchange of the same name.
inline std::string declare(const std::string& name, const std::string& type = "quorum") {
    const auto topology = mq::connect(endpoint(node().url()))->topology();
    topology->declare_exchange({name, "topic", true});
    mq::QueueSpec spec;
    spec.name = name;
    spec.type = type;
    topology->declare_queue(spec);
    topology->bind(name, name, "#");
    return name;
}

inline event::Message message(const std::string& exchange, const std::string& body) {
    event::Message message;
    message.exchange = exchange;
    message.topic = "post.published";
    message.properties.delivery_mode = 2;
    message.body = body;
    return message;
}

inline std::unique_ptr<mq::Publisher> publisher(mq::Broker& broker, const std::string& exchange,
                                                std::size_t window = 1000) {
    mq::PublisherOptions options;
    options.exchange.name = exchange;
    options.window = window;
    options.give_back = true;
    return broker.publisher(options);
}

inline std::unique_ptr<mq::Subscription> subscribe(mq::Broker& broker, const std::string& queue,
                                                   std::uint16_t prefetch = 1000) {
    mq::SubscribeOptions options;
    options.queue = queue;
    options.prefetch = prefetch;
    return broker.subscribe(options);
}

// Calls `handle` with each event until it returns true; false when the time is up.
template <typename Source, typename Handle>
bool take_until(Source& source, Handle handle, std::chrono::milliseconds limit = patience) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while (std::chrono::steady_clock::now() < deadline) {
        bool done = false;
        for (auto& event : source.take())
            done = handle(event) || done;
        if (done) return true;
        pollfd ready{source.event_fd(), POLLIN, 0};
        ::poll(&ready, 1, 100);
    }
    return false;
}

template <typename Event, typename Source>
bool comes(Source& source, std::chrono::milliseconds limit = patience) {
    return take_until(
        source, [](const auto& event) { return std::holds_alternative<Event>(event); }, limit);
}

// The kind of the error in the Lost that must come.
template <typename Source>
ErrorKind lost_by(Source& source, std::chrono::milliseconds limit = patience) {
    ErrorKind kind = ErrorKind::general;
    const bool lost = take_until(
        source,
        [&](const auto& event) {
            const auto* end = std::get_if<mq::Lost>(&event);
            if (end == nullptr) return false;
            try {
                std::rethrow_exception(end->error);
            } catch (const Error& error) {
                kind = error.kind();
            }
            return true;
        },
        limit);
    CHECK(lost);
    return kind;
}

inline ErrorKind kind_of(const std::function<void()>& action) {
    try {
        action();
    } catch (const Error& error) {
        return error.kind();
    }
    return ErrorKind::general;
}

}  // namespace airy::test
