// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
// The latency between two processes on an embedded broker, and the cost of an idle subscription.
//   embedded_latency URL COUNT RATE    publishes COUNT messages, RATE a second, to another process:
//                                      milliseconds from submitting to taking, p50 p99 and largest
//   embedded_latency URL idle SECONDS  the share of a core that an idle subscription takes
#include <poll.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "mq/broker.hpp"

namespace {

using namespace airy;
using Clock = std::chrono::steady_clock;  // one for all processes of the machine

std::unique_ptr<mq::Broker> connected(const char* url) {
    mq::Endpoint endpoint;
    endpoint.url = url;
    return mq::connect(endpoint);
}

int receive(const char* url, std::size_t count) {
    mq::SubscribeOptions options;
    options.queue = "latency";
    const auto subscription = connected(url)->subscribe(options);
    std::vector<double> taken;
    while (taken.size() < count) {
        pollfd ready{subscription->event_fd(), POLLIN, 0};
        ::poll(&ready, 1, -1);
        for (const auto& event : subscription->take()) {
            const auto now = Clock::now().time_since_epoch().count();
            const auto& delivered = std::get<mq::Delivered>(event);
            taken.push_back(static_cast<double>(now - std::stoll(delivered.message.body)) / 1e6);
            subscription->settle(delivered.handle, mq::Disposition::ack);
        }
    }
    subscription->close(std::chrono::seconds(10));
    std::ranges::sort(taken);
    std::printf("p50 %.3f ms  p99 %.3f ms  largest %.3f ms\n", taken[taken.size() / 2],
                taken[taken.size() * 99 / 100], taken.back());
    return 0;
}

void send(const char* url, std::size_t count, double rate) {
    const auto publisher = connected(url)->publisher({});
    auto next = Clock::now();
    for (std::size_t i = 0; i < count; ++i) {
        std::this_thread::sleep_until(next +=
                                      std::chrono::nanoseconds(static_cast<long>(1e9 / rate)));
        event::Message message;
        message.topic = "latency";
        message.properties.delivery_mode = 2;
        message.body = std::to_string(Clock::now().time_since_epoch().count());
        publisher->try_submit(message);
        publisher->take();
    }
    while (publisher->in_flight() > 0) {
        pollfd ready{publisher->event_fd(), POLLIN, 0};
        ::poll(&ready, 1, 1000);
        publisher->take();
    }
}

int idle(const char* url, int seconds) {
    mq::SubscribeOptions options;
    options.queue = "latency";
    const auto subscription = connected(url)->subscribe(options);
    const auto used = [] {
        rusage usage{};
        ::getrusage(RUSAGE_SELF, &usage);
        return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
               static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
    };
    std::this_thread::sleep_for(std::chrono::seconds(1));
    const double before = used();
    std::this_thread::sleep_for(std::chrono::seconds(seconds));
    std::printf("idle: %.4f %% of a core\n", (used() - before) * 100 / seconds);
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 4) return 2;
    mq::QueueSpec spec;
    spec.name = "latency";
    connected(argv[1])->topology()->declare_queue(spec);
    if (std::string(argv[2]) == "idle") return idle(argv[1], std::atoi(argv[3]));
    const auto count = std::strtoull(argv[2], nullptr, 10);
    const pid_t child = ::fork();
    if (child == 0) return receive(argv[1], count);
    send(argv[1], count, std::atof(argv[3]));
    int status = 0;
    ::waitpid(child, &status, 0);
    return status;
}
