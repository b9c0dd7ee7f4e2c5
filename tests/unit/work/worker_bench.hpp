// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <deque>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "pool/pool.hpp"
#include "util/fd.hpp"
#include "util/signals.hpp"
#include "work/worker_handler.hpp"

namespace airy::work {

// A set of real worker processes, and messages that are given to it.
struct WorkerBench {
    explicit WorkerBench(const std::string& script, const WorkerOptions& options = {},
                         Timers* timers = nullptr)
        : WorkerBench({"sh", "-c", script}, options, timers) {}
    WorkerBench(const std::vector<std::string>& command, const WorkerOptions& options,
                Timers* timers = nullptr)
        : handler(loop, timers != nullptr ? *timers : loop_timers,
                  find_command(command, "/bin:/usr/bin"), options, err) {
        util::ignore_sigpipe();
    }

    struct Batch {
        std::vector<mq::Delivered> deliveries{};
        std::vector<HandlerResult> results{};
        bool done = false;

        std::vector<Verdict> verdicts() const {
            std::vector<Verdict> all;
            for (const auto& result : results)
                all.push_back(result.verdict);
            return all;
        }
    };
    struct Message {
        mq::Delivered delivered{};
        HandlerResult result{.verdict = Verdict::not_handled};
        bool done = false;
    };

    static boost::asio::awaitable<void> arrive(WorkerBench& bench) {
        co_await bench.handler.come_up();
        bench.up = true;
    }
    static boost::asio::awaitable<pool::TaskResult> handle(WorkerBench& bench, Message& message,
                                                           pool::TaskContext& context) {
        co_await bench.handler.handle({&message.delivered, 1}, {&message.result, 1}, context);
        message.done = true;
        co_return pool::TaskResult::ok;
    }
    void come_up() {
        boost::asio::co_spawn(loop, arrive(*this), boost::asio::detached);
        REQUIRE(run_until([this] { return up; }));
    }
    Message& give(const std::string& body) {
        auto& message = messages.emplace_back();
        message.delivered.message.topic = "t";
        message.delivered.message.body = body;
        message.delivered.message.properties.message_id = body;
        slots.submit_async(pool::AsyncTask(
            [this, &message](pool::TaskContext& c) { return handle(*this, message, c); }));
        return message;
    }
    static boost::asio::awaitable<pool::TaskResult> handle_batch(WorkerBench& bench, Batch& batch,
                                                                 pool::TaskContext& context) {
        co_await bench.handler.handle(batch.deliveries, batch.results, context);
        // As the consumer does.
        const std::span all(batch.deliveries);
        for (std::size_t i = 0; i < all.size(); ++i) {
            if (batch.results[i].verdict != Verdict::alone) continue;
            batch.results[i] = {.verdict = Verdict::not_handled};
            co_await bench.handler.handle(all.subspan(i, 1), {&batch.results[i], 1}, context);
        }
        batch.done = true;
        co_return pool::TaskResult::ok;
    }
    Batch& give_batch(const std::vector<std::string>& bodies) {
        auto& batch = batches.emplace_back();
        for (const auto& body : bodies) {
            auto& message = batch.deliveries.emplace_back().message;
            message.topic = "t";
            message.body = body;
            message.properties.message_id = body;
        }
        batch.results.assign(bodies.size(), {.verdict = Verdict::not_handled});
        slots.submit_async(pool::AsyncTask(
            [this, &batch](pool::TaskContext& c) { return handle_batch(*this, batch, c); }));
        return batch;
    }
    bool batches_done() {
        return run_until(
            [this] { return std::ranges::all_of(batches, [](const auto& b) { return b.done; }); });
    }
    // Runs the loop until the condition holds, at most 20 s.
    bool run_until(const std::function<bool()>& holds) {
        const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        while (!holds()) {
            if (std::chrono::steady_clock::now() > limit) return false;
            loop.restart();
            loop.run_one_for(std::chrono::milliseconds(10));
        }
        return true;
    }
    bool all_done() {
        return run_until(
            [this] { return std::ranges::all_of(messages, [](const auto& m) { return m.done; }); });
    }
    bool at_rest() {
        return run_until([this] { return handler.at_rest(); });
    }
    std::string stderr_text() const {
        std::string all;
        std::array<char, 4096> chunk;
        for (off_t at = 0;;) {
            const auto n = ::pread(err_file.get(), chunk.data(), chunk.size(), at);
            if (n <= 0) return all;
            all.append(chunk.data(), static_cast<std::size_t>(n));
            at += n;
        }
    }

    util::Fd err_file{::open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600)};
    boost::asio::io_context loop{1};
    LoopTimers loop_timers{loop};
    OutputStream err{loop, loop_timers, err_file.get()};
    WorkerHandler handler;
    std::deque<Message> messages{};
    std::deque<Batch> batches{};
    bool up = false;
    pool::TaskPool slots{pool::Options{}, loop};
};

}  // namespace airy::work
