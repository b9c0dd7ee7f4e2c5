// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "work/print_handler.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/io_context.hpp>

#include "event/message_line.hpp"
#include "util/fd.hpp"
#include "util/signals.hpp"

using namespace airy;
using namespace airy::work;
using namespace std::chrono_literals;

namespace {

// A print handler at work on a pool, with a pipe as stdout.
struct PrintBench {
    explicit PrintBench(std::size_t messages) {
        util::ignore_sigpipe();
        std::array<int, 2> ends{};
        REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
        reading.reset(ends[0]);
        writing.reset(ends[1]);
        ::fcntl(reading.get(), F_SETFL, O_NONBLOCK);
        out = std::make_unique<OutputStream>(loop, timers, writing.get());
        handler = std::make_unique<PrintHandler>(*out);
        for (std::size_t i = 0; i < messages; ++i) {
            mq::Delivered d;
            d.queue = "work";
            d.message.topic = "post.published";
            d.message.body = std::to_string(i);
            event::append_message_line(expected, d.message, d.queue, false, d.received_at);
            expected += '\n';
            batch.push_back(std::move(d));
        }
        results.resize(messages, {.verdict = Verdict::not_handled});
    }

    void begin() {
        pool.emplace(pool::Options{}, loop);
        pool->submit_async(
            pool::AsyncTask([this](pool::TaskContext& context) { return handle(context); }));
    }
    boost::asio::awaitable<pool::TaskResult> handle(pool::TaskContext& context) {
        co_await handler->handle(batch, results, context);
        done = true;
        co_return pool::TaskResult::ok;
    }
    std::string read() {
        std::string text;
        std::array<char, 65536> chunk;
        for (ssize_t n = 0; (n = ::read(reading.get(), chunk.data(), chunk.size())) > 0;)
            text.append(chunk.data(), static_cast<std::size_t>(n));
        return text;
    }
    template <class Condition>
    void run_until(Condition holds) {
        const auto limit = std::chrono::steady_clock::now() + 20s;
        while (!holds() && std::chrono::steady_clock::now() < limit) {
            loop.restart();
            loop.run_one_for(10ms);
        }
        CHECK(holds());
    }
    bool all(Verdict verdict) const {
        return std::ranges::all_of(results,
                                   [verdict](const auto& r) { return r.verdict == verdict; });
    }

    util::Fd reading;
    util::Fd writing;
    boost::asio::io_context loop{1};
    LoopTimers timers{loop};
    std::unique_ptr<OutputStream> out;
    std::unique_ptr<PrintHandler> handler;
    std::optional<pool::TaskPool> pool;
    std::vector<mq::Delivered> batch;
    std::vector<HandlerResult> results;
    std::string expected;
    bool done = false;
};

}  // namespace

TEST_CASE("a batch is written as message lines, then it is handled") {
    PrintBench bench(100);
    bench.begin();
    bench.run_until([&] { return bench.done; });
    CHECK(bench.read() == bench.expected);
    CHECK(bench.all(Verdict::success));
}

TEST_CASE("nothing is handled before its line has been taken") {
    PrintBench bench(20'000);  // more than a pipe holds
    bench.begin();
    bench.run_until([&] { return bench.out->pending() > 0; });
    CHECK_FALSE(bench.done);
    CHECK(bench.all(Verdict::not_handled));
    std::string text;
    bench.run_until([&] {
        text += bench.read();
        return bench.done;
    });
    text += bench.read();
    CHECK(text == bench.expected);
    CHECK(bench.all(Verdict::success));
    CHECK(bench.out->pending() == 0);
}

TEST_CASE("when the reader is gone nothing counts as handled") {
    PrintBench bench(20'000);
    bench.begin();
    bench.run_until([&] { return bench.out->pending() > 0; });
    bench.reading.reset();
    bench.run_until([&] { return bench.done; });
    CHECK(bench.all(Verdict::not_handled));
    const auto end = bench.handler->end();
    REQUIRE(end);
    CHECK(end->unread);
}

TEST_CASE("asked to stop, it waits no longer for a reader that does not read") {
    PrintBench bench(20'000);
    bench.begin();
    bench.run_until([&] { return bench.out->pending() > 0; });
    bench.handler->ask_to_stop();
    bench.run_until([&] { return bench.done; });
    CHECK(bench.all(Verdict::not_handled));
    CHECK_FALSE(bench.handler->end());  // it was told to
}

TEST_CASE("a full disk is an error that says so") {
    boost::asio::io_context loop;
    LoopTimers timers(loop);
    const util::Fd full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
    OutputStream out(loop, timers, full.get());
    PrintHandler handler(out);
    CHECK_FALSE(handler.end());
    out.write("x");
    const auto end = handler.end();
    REQUIRE(end);
    CHECK_FALSE(end->unread);
    CHECK(std::string(end->error.what()) == "cannot write to stdout: No space left on device");
    CHECK(end->error.hint() == "the disk is full");
}
