// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
// A process that publishes or consumes until a test kills it. Writes each line to stdout at once:
// `confirmed N` or `got N`.
//
//   embedded_child publish URL QUEUE FIRST [COUNT]   bodies `N checksum`, N from FIRST on
//   embedded_child consume URL QUEUE PREFETCH        says so before it acknowledges
//   embedded_child hold URL QUEUE PREFETCH           acknowledges nothing; with an empty name it
//                                                    listens to its own queue, and says `got 0`
//                                                    first
#include <poll.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "mq/broker.hpp"
#include "util/error.hpp"

namespace {

using namespace airy;

void say(const std::string& line) {
    if (::write(STDOUT_FILENO, (line + "\n").data(), line.size() + 1) < 0) std::exit(1);
}

void wait(int fd) {
    pollfd ready{fd, POLLIN, 0};
    ::poll(&ready, 1, -1);
}

std::string body_of(std::uint64_t number) {
    const auto text = std::to_string(number);
    return text + " " + std::to_string(std::hash<std::string>{}(text));
}

int publish(mq::Broker& broker, const std::string& queue, std::uint64_t first,
            std::uint64_t count) {
    mq::PublisherOptions options;
    options.window = 50;
    const auto publisher = broker.publisher(options);
    std::uint64_t next = first;
    std::uint64_t confirmed = 0;
    while (confirmed < count) {
        while (next < first + count) {
            event::Message message;
            message.topic = queue;
            message.body = body_of(next);
            message.properties.delivery_mode = 2;
            if (publisher->try_submit(message) == 0) break;
            ++next;
        }
        wait(publisher->event_fd());
        for (const auto& event : publisher->take()) {
            if (const auto* lost = std::get_if<mq::Lost>(&event))
                std::rethrow_exception(lost->error);
            const auto* good = std::get_if<mq::Confirmed>(&event);
            if (good == nullptr) throw Error(ErrorKind::undelivered, "a message was not confirmed");
            say("confirmed " + std::to_string(first + good->sequence - 1));
            ++confirmed;
        }
    }
    publisher->close(std::chrono::seconds(10));
    return 0;
}

int consume(mq::Broker& broker, const std::string& queue, std::uint16_t prefetch, bool hold) {
    mq::SubscribeOptions options;
    options.queue = queue;
    options.prefetch = prefetch;
    options.exchange.name = "amq.topic";
    options.patterns = {"#"};
    const auto subscription = broker.subscribe(options);
    if (queue.empty()) say("got 0");
    while (true) {
        wait(subscription->event_fd());
        for (const auto& event : subscription->take()) {
            if (const auto* lost = std::get_if<mq::Lost>(&event))
                std::rethrow_exception(lost->error);
            const auto* delivered = std::get_if<mq::Delivered>(&event);
            if (delivered == nullptr) throw Error(ErrorKind::not_found, "the queue is gone");
            const auto number = std::strtoull(delivered->message.body.c_str(), nullptr, 10);
            if (delivered->message.body != body_of(number))
                throw Error(ErrorKind::invalid_event, "corrupted: " + delivered->message.body);
            say("got " + std::to_string(number));
            if (!hold) subscription->settle(delivered->handle, mq::Disposition::ack);
        }
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 5) return 2;
    try {
        mq::Endpoint endpoint;
        endpoint.url = argv[2];
        const auto broker = mq::connect(endpoint);
        const auto number = std::strtoull(argv[4], nullptr, 10);
        const std::string mode = argv[1];
        if (mode != "publish")
            return consume(*broker, argv[3], static_cast<std::uint16_t>(number), mode == "hold");
        const auto count = argc > 5 ? std::strtoull(argv[5], nullptr, 10) : 1'000'000'000;
        return publish(*broker, argv[3], number, count);
    } catch (const Error& error) {
        std::fprintf(stderr, "embedded_child %s: %s\n", argv[1], error.what());
        return static_cast<int>(error.kind());
    }
}
