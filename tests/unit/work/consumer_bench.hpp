// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <doctest/doctest.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/support/fake_work_queue.hpp"
#include "tests/support/manual_timers.hpp"
#include "work/consumer.hpp"

// A consumer on a work queue in memory, with a handler that does as the messages say, and with time
// that passes only when there is nothing else to do.
namespace airy::test {

namespace asio = boost::asio;
using namespace work;

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
            attempts.push_back(batch[i].attempt());
            if (body == "throw") {
                --running;
                throw std::runtime_error("thrown");
            }
            if (splits && batch.size() > 1) {
                results[i] = {.verdict = Verdict::alone, .reason = "because"};
                continue;
            }
            if (body == "wait" && !opened) {
                boost::system::error_code ignored;
                co_await open_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
                results[i].verdict = stop_asked || killed ? Verdict::not_handled : Verdict::success;
                continue;
            }
            results[i] = {.verdict = verdict_of(body), .reason = "because"};
            if (service_absent && seen.size() <= *service_absent)
                results[i].verdict = Verdict::unavailable;
            results[i].interrupted = body == "interrupted";
            if (body == "cannot_run") ended = HandlerEnd{Error(ErrorKind::general, "because")};
            if (body == "retry") results[i].retry_after = retry_after;
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
    std::optional<HandlerEnd> end() const override { return ended; }
    bool at_rest() const noexcept override { return rests; }
    void when_changed(std::function<void()> changed) override { tell = std::move(changed); }

    void release() {
        opened = true;
        open_.cancel();
    }

    static Verdict verdict_of(const std::string& body) {
        if (body == "reject") return Verdict::reject;
        if (body == "retry" || body == "interrupted") return Verdict::retry;
        if (body == "requeue") return Verdict::requeue;
        if (body == "cannot_run") return Verdict::cannot_run;
        return Verdict::success;
    }

    std::size_t limit = 1;
    bool splits = false;  // no batch of several messages succeeds
    std::optional<std::chrono::milliseconds> retry_after;
    std::optional<std::size_t> service_absent;  // for so many messages, counting each time
    std::vector<std::string> seen;
    std::vector<unsigned> attempts;
    std::vector<std::size_t> batches;
    std::size_t running = 0;
    std::size_t most_running = 0;
    bool opened = false;
    bool stubborn = false;
    bool stop_asked = false;
    bool killed = false;
    std::optional<HandlerEnd> ended;
    bool rests = true;
    std::function<void()> tell;

  private:
    asio::steady_timer open_;
};

struct ConsumerBench {
    util::SignalFd signals{SIGHUP, SIGQUIT};
    ManualTimers timers;
    const util::SteadyTime begun = timers.now();
    FakeWorkQueue queue;
    asio::io_context loop{1};
    ScriptedHandler handler{loop};
    Handler* other_handler = nullptr;  // instead, where it is set
    ConsumerOptions options{.name = "work", .patterns = {"#"}};

    void push(std::initializer_list<const char*> bodies) {
        for (const char* body : bodies)
            queue.push(body);
    }
    void stop_when_empty() { options.stop.queue_empty = true; }

    ConsumerResult run(const std::function<void(Consumer&)>& before = {}) {
        return run_with(other_handler != nullptr ? *other_handler : handler, before);
    }
    ConsumerResult run_with(Handler& with, const std::function<void(Consumer&)>& before = {}) {
        Consumer consumer(loop, timers, queue, with, options);
        if (before) before(consumer);
        consumer.begin(signals);
        while (!loop.stopped()) {
            const bool ran = loop.poll_one() > 0;
            if (act() || ran || timers.advance_to_next()) continue;
            // A thread works for the consumer.
            if (loop.run_one_for(std::chrono::seconds(20)) == 0)
                throw std::runtime_error("the consumer waits for nothing");
        }
        pending_.clear();
        return consumer.end();
    }

    // Calls `act` once, between two steps of the loop, when the condition holds.
    void when(std::function<bool()> holds, std::function<void()> act) {
        pending_.push_back({std::move(holds), std::move(act)});
    }
    // Calls `act` once so much time has passed.
    void after(std::chrono::nanoseconds time, std::function<void()> act) {
        alarms_.push_back(timers.make(std::move(act)));
        alarms_.back()->set(timers.now() + time);
    }
    std::chrono::nanoseconds elapsed() const { return timers.now() - begun; }
    void signal(int number) { ::kill(::getpid(), number); }

  private:
    struct Pending {
        std::function<bool()> holds;
        std::function<void()> act;
    };
    bool act() {
        const auto due = std::ranges::find_if(pending_, [](auto& p) { return p.holds(); });
        if (due == pending_.end()) return false;
        const auto act = std::move(due->act);
        pending_.erase(due);
        act();
        return true;
    }

    std::vector<Pending> pending_;
    std::vector<std::unique_ptr<work::Timer>> alarms_;
};

}  // namespace airy::test
