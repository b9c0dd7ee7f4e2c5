// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/support/fake_broker.hpp"
#include "work/consumer.hpp"
#include "work/letter.hpp"

// A consumer on a broker in memory, with a handler that does as the messages say.
namespace airy::test {

namespace asio = boost::asio;
using namespace work;

inline const std::string queue = "work";

// Answers by the message's body: a verdict's name; `wait` holds the slot until released.
class ScriptedHandler final : public Handler {
  public:
    explicit ScriptedHandler(asio::io_context& loop)
        : open_(loop, asio::steady_timer::time_point::max()) {}

    std::size_t batch_limit() const noexcept override { return limit; }

    asio::awaitable<void> handle(std::span<const mq::Delivered> batch,
                                 std::span<HandlerResult> results, pool::TaskContext&) override {
        batches.push_back(batch.size());
        ++running;
        most_running = std::max(most_running, running);
        for (std::size_t i = 0; i < batch.size(); ++i) {
            const std::string& body = batch[i].message.body;
            seen.push_back(body);
            topics.push_back(batch[i].message.topic);
            attempts.push_back(delivery_attempt(batch[i]));
            if (on_message) on_message();
            if (body == "throw") {
                --running;
                throw std::runtime_error("thrown");
            }
            if (body == "wait" && !opened) {
                boost::system::error_code ignored;
                co_await open_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
                results[i] = {stop_asked ? Verdict::not_handled : Verdict::success, ""};
                continue;
            }
            results[i] = {verdict_of(body), "because"};
        }
        --running;
    }
    void ask_to_stop() override {
        stop_asked = true;
        if (!stubborn) release();
    }
    void kill() override {
        killed = true;
        release();
    }
    int output_error() const noexcept override { return output; }

    void release() {
        opened = true;
        open_.cancel();
    }

    static Verdict verdict_of(const std::string& body) {
        if (body == "reject") return Verdict::reject;
        if (body == "retry") return Verdict::retry;
        if (body == "requeue") return Verdict::requeue;
        if (body == "cannot_run") return Verdict::cannot_run;
        return Verdict::success;
    }

    std::size_t limit = 1;
    std::vector<std::string> seen;
    std::vector<std::string> topics;
    std::vector<unsigned> attempts;
    std::vector<std::size_t> batches;
    std::size_t running = 0;
    std::size_t most_running = 0;
    bool opened = false;
    bool stubborn = false;
    bool stop_asked = false;
    bool killed = false;
    int output = 0;
    std::function<void()> on_message;

  private:
    asio::steady_timer open_;
};

struct Bench {
    util::SignalFd signals;
    FakeBroker broker;
    asio::io_context loop{1};
    ScriptedHandler handler{loop};
    ConsumerOptions options{.name = "work", .patterns = {"#"}};
    std::uint16_t prefetch = 100;

    void push(std::initializer_list<const char*> bodies) {
        for (const char* body : bodies)
            broker.push(queue, body);
    }
    void stop_when_empty() {
        options.stop.ready_messages = [this] { return broker.ready(queue); };
    }
    ConsumerResult run(const std::function<void(Consumer&)>& before = {}) {
        const auto subscription = broker.subscribe({.queue = queue,
                                                    .exchange = {},
                                                    .patterns = {},
                                                    .prefetch = prefetch,
                                                    .declarations = {}});
        Consumer consumer(loop, *subscription, handler, options);
        if (before) before(consumer);
        return consumer.run(signals);
    }
    // Calls `act` on the loop once the condition holds.
    void when(std::function<bool()> holds, std::function<void()> act) {
        asio::post(loop, [this, holds = std::move(holds), act = std::move(act)]() mutable {
            if (holds())
                act();
            else
                when(std::move(holds), std::move(act));
        });
    }
    void signal(int number) { ::kill(::getpid(), number); }
};

}  // namespace airy::test
