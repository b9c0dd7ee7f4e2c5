// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
// Many threads use a pool in random ways; the test checks the invariants after each round.
// It runs for AIRY_STRESS_SECONDS (3); AIRY_STRESS_SEED repeats one round.
#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <cstdlib>
#include <deque>
#include <random>
#include <string>
#include <thread>

#include "support.hpp"

using namespace airy;
using namespace airy::pool;
using namespace airy::test;
namespace asio = boost::asio;
using asio::awaitable;

namespace {

constexpr std::size_t largest_cap = 12;
constexpr int keys = 4;

// One submission, and all that the pool reported about it.
struct Submission {
    std::atomic<int> answers{0};
    std::atomic<bool> accepted{false};
    std::atomic<int> runs{0};
    std::atomic<int> outcomes{0};
    std::atomic<OutcomeKind> outcome{OutcomeKind::ok};
    int key = -1;
};

struct Round {
    explicit Round(std::uint64_t number) : seed(number), random(number) {}

    std::uint64_t seed;
    std::mt19937_64 random;
    std::mutex submissions_mutex;
    std::deque<Submission> submissions;  // guarded by submissions_mutex, its elements stay in place
    std::atomic<std::size_t> together{0}, most{0};
    std::array<std::atomic<int>, keys> key_together{};
    std::atomic<bool> keys_overlap{false};
    std::atomic<bool> over{false};

    Submission& new_submission() {
        std::lock_guard lock(submissions_mutex);
        return submissions.emplace_back();
    }
    void enter(Submission& submission) {
        ++submission.runs;
        const auto now = ++together;
        auto seen = most.load();
        while (seen < now && !most.compare_exchange_weak(seen, now))
            continue;
        if (submission.key >= 0 && ++key_together[static_cast<std::size_t>(submission.key)] > 1)
            keys_overlap = true;
    }
    void leave(Submission& submission) {
        if (submission.key >= 0) --key_together[static_cast<std::size_t>(submission.key)];
        --together;
    }
};

// Leaves the round's counts also when an exception ends the task.
struct Inside {
    Round& round;
    Submission& submission;
    Inside(Round& r, Submission& f) : round(r), submission(f) { round.enter(submission); }
    ~Inside() { round.leave(submission); }
    Inside(const Inside&) = delete;
};

TaskResult behave(TaskContext& context, unsigned how) {
    if (how % 11 == 0) throw std::runtime_error("stress");
    if (how % 13 == 0) throw 13;
    if (how % 7 == 0) return TaskResult::failed;
    if (how % 5 == 0) {
        Gate gate;
        const std::stop_callback on_stop(context.stop_token(), [&] { gate.open(); });
        if (!context.stop_requested()) std::this_thread::sleep_for(std::chrono::microseconds(300));
    }
    if (how % 3 == 0) std::this_thread::yield();
    return TaskResult::ok;
}

awaitable<TaskResult> behave_async(TaskContext& context, Round& round, Submission& submission,
                                   unsigned how) {
    const Inside inside(round, submission);
    if (how % 2 == 0) {
        const bool undisturbed = co_await context.sleep_for(std::chrono::microseconds(how % 3000));
        if (!undisturbed) co_return TaskResult::cancelled;
    }
    if (how % 11 == 0) throw std::runtime_error("stress");
    co_return how % 7 == 0 ? TaskResult::failed : TaskResult::ok;
}

SubmitOptions random_options(Submission& submission, unsigned how, const std::stop_token& token) {
    SubmitOptions set;
    set.on_done = [&submission](const Outcome& outcome) {
        submission.outcome = outcome.kind;
        ++submission.outcomes;
    };
    set.priority = static_cast<Priority>(how % 3);
    if (how % 4 == 0) {
        submission.key = static_cast<int>(how / 4 % keys);
        set.key = std::to_string(submission.key);
    }
    if (how % 6 == 0) set.stop_token = token;
    if (how % 9 == 0) set.timeout = std::chrono::microseconds(500);
    if (how % 10 == 0)
        set.deadline = std::chrono::steady_clock::now() + std::chrono::microseconds(how % 2000);
    return set;
}

void submit_from_thread(Round& round, TaskPool& pool, std::uint64_t seed) {
    std::mt19937_64 random(seed);
    std::stop_source stop;
    while (!round.over) {
        const auto how = static_cast<unsigned>(random());
        Submission& submission = round.new_submission();
        auto set = random_options(submission, how >> 3, stop.get_token());
        Submitted answer;
        if (how % 2)
            answer = pool.submit(
                [&round, &submission, how](TaskContext& context) {
                    const Inside inside(round, submission);
                    return behave(context, how >> 8);
                },
                std::move(set));
        else
            answer = pool.submit_async(
                [&round, &submission, how](TaskContext& context) {
                    return behave_async(context, round, submission, how >> 8);
                },
                std::move(set));
        submission.accepted = answer == Submitted::accepted;
        ++submission.answers;
        if (random() % 64 == 0) {
            stop.request_stop();
            stop = std::stop_source();
        }
    }
    stop.request_stop();
}

awaitable<void> submit_from_loop(Round& round, TaskPool& pool, std::uint64_t seed,
                                 std::atomic<bool>& ended) {
    std::mt19937_64 random(seed);
    std::stop_source stop;
    while (!round.over) {
        const auto how = static_cast<unsigned>(random());
        Submission& submission = round.new_submission();
        auto set = random_options(submission, how >> 3, stop.get_token());
        AsyncTask task = [&round, &submission, how](TaskContext& context) {
            return behave_async(context, round, submission, how >> 8);
        };
        auto pending = pool.async_submit(std::move(task), std::move(set));
        const auto answer = co_await std::move(pending);
        submission.accepted = answer == Submitted::accepted;
        ++submission.answers;
        if (answer != Submitted::accepted || random() % 32 == 0) {
            asio::steady_timer breath(co_await asio::this_coro::executor, 200us);
            co_await breath.async_wait(asio::deferred);
        }
        if (random() % 64 == 0) {
            stop.request_stop();
            stop = std::stop_source();
        }
    }
    ended = true;
}

// Resizes, waits for, releases and reboots the pool for a while.
void disturb(Round& round, TaskPool& pool, std::uint64_t seed) {
    std::mt19937_64 random(seed);
    for (int i = 0; i < 60; ++i) {
        switch (random() % 8) {
            case 0:
            case 1:
            case 2:
                pool.resize(1 + random() % largest_cap);
                break;
            case 3:
                pool.wait(std::chrono::microseconds(random() % 500));
                break;
            case 4: {
                const auto metrics = pool.metrics();
                CHECK(metrics.running <= largest_cap);
                break;
            }
            case 5:
                pool.release();
                pool.wait();
                pool.reboot();
                break;
            case 6:
                pool.release(std::chrono::microseconds(random() % 3000));
                pool.wait();
                pool.reboot();
                break;
            default:
                std::this_thread::sleep_for(std::chrono::microseconds(random() % 1000));
        }
    }
    round.over = true;
}

void check(const Round& round, const Metrics& metrics) {
    CHECK(round.most <= largest_cap);
    CHECK_FALSE(round.keys_overlap);
    CHECK(metrics.running == 0);
    CHECK(metrics.waiting == 0);
    CHECK(metrics.queued == 0);
    CHECK(metrics.overrun == 0);
    CHECK(metrics.threads_live == 0);
    CHECK(metrics.submitted == round.submissions.size());
    std::uint64_t ended = 0;
    for (const auto total : metrics.totals)
        ended += total;
    CHECK(ended == metrics.submitted);
    std::array<std::uint64_t, outcome_kinds> totals{};
    for (const auto& submission : round.submissions) {
        REQUIRE(submission.answers == 1);
        REQUIRE(submission.outcomes == (submission.accepted ? 1 : 0));
        REQUIRE(submission.runs <= 1);
        const auto outcome =
            submission.accepted ? submission.outcome.load() : OutcomeKind::rejected;
        ++totals[static_cast<std::size_t>(outcome)];
        if (!submission.accepted || outcome == OutcomeKind::rejected)
            REQUIRE(submission.runs == 0);
        else if (outcome != OutcomeKind::cancelled)
            REQUIRE(submission.runs == 1);
    }
    CHECK(totals == metrics.totals);
}

void play(std::uint64_t seed) {
    MESSAGE("AIRY_STRESS_SEED=" << seed);
    Round round(seed);
    Loop loop;
    auto set = options(largest_cap);
    set.max_blocking = seed % 3 == 0 ? 2 : 0;
    set.nonblocking = seed % 5 == 0;
    set.max_keyed = 20;
    set.task_timeout = seed % 2 ? 2ms : 1min;
    set.expiry = 1ms;
    set.stop_grace = 1ms;
    TaskPool pool(set, loop.context());
    std::atomic<bool> loop_ended = false;
    asio::co_spawn(loop.context(), submit_from_loop(round, pool, round.random(), loop_ended),
                   asio::detached);
    std::vector<std::thread> threads;
    for (int i = 0; i < 3; ++i)
        threads.emplace_back([&, s = round.random()] { submit_from_thread(round, pool, s); });
    disturb(round, pool, round.random());
    for (auto& thread : threads)
        thread.join();
    CHECK(eventually([&] { return loop_ended.load(); }));
    pool.release();
    pool.wait();
    check(round, pool.metrics());
}

}  // namespace

TEST_CASE("random submit, resize, release, reboot, throw and cancel keep the invariants") {
    if (const char* seed = std::getenv("AIRY_STRESS_SEED")) {
        play(std::strtoull(seed, nullptr, 10));
        return;
    }
    const char* seconds = std::getenv("AIRY_STRESS_SECONDS");
    const auto until =
        std::chrono::steady_clock::now() + std::chrono::seconds(seconds ? std::atoi(seconds) : 3);
    std::random_device device;
    do
        play(device());
    while (std::chrono::steady_clock::now() < until);
}
