// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
// Does one kind of work on one pool and prints `name value` pairs; tests/bench/pool.sh runs it.
#include <malloc.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <fstream>
#include <functional>
#include <mutex>
#include <semaphore>
#include <string>
#include <thread>
#include <vector>

#include "pool/bench.hpp"
#include "pool/pool.hpp"

namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;
using airy::pool::TaskContext;
using airy::pool::TaskResult;

double seconds(Clock::duration time) {
    return std::chrono::duration<double>(time).count();
}

std::uint64_t status_bytes(const std::string& name) {
    std::ifstream status("/proc/self/status");
    for (std::string word; status >> word;)
        if (std::uint64_t kib = 0; word == name + ":" && status >> kib) return kib * 1024;
    return 0;
}

// The simplest pool there is, as BS::thread_pool: a queue, a mutex, N threads for ever.
class FixedThreads {
  public:
    explicit FixedThreads(std::size_t count) {
        for (std::size_t i = 0; i < count; ++i)
            threads_.emplace_back([this] { work(); });
    }
    ~FixedThreads() {
        {
            std::lock_guard lock(mutex_);
            ending_ = true;
        }
        changed_.notify_all();
        for (auto& thread : threads_)
            thread.join();
    }
    void submit(std::function<void()> task) {
        {
            std::lock_guard lock(mutex_);
            tasks_.push_back(std::move(task));
        }
        changed_.notify_one();
    }
    void wait() {}  // its destructor does

  private:
    void work() {
        for (;;) {
            std::unique_lock lock(mutex_);
            changed_.wait(lock, [this] { return ending_ || !tasks_.empty(); });
            if (tasks_.empty()) return;
            auto task = std::move(tasks_.front());
            tasks_.pop_front();
            lock.unlock();
            task();
        }
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<std::function<void()>> tasks_;
    std::vector<std::thread> threads_;
    bool ending_ = false;
};

class AsioThreads {
  public:
    explicit AsioThreads(std::size_t count) : pool_(count) {}
    template <class F>
    void submit(F task) {
        boost::asio::post(pool_, std::move(task));
    }
    void wait() { pool_.join(); }

  private:
    boost::asio::thread_pool pool_;
};

class Ours {
  public:
    explicit Ours(std::size_t count) : pool_(options(count), loop_) {}
    template <class F>
    void submit(F task) {
        pool_.submit(std::move(task));
    }
    void wait() { pool_.wait(); }

  private:
    static airy::pool::Options options(std::size_t count) {
        airy::pool::Options options;
        options.size = count;
        return options;
    }
    boost::asio::io_context loop_{1};
    airy::pool::TaskPool pool_;
};

// The seconds from the first submission until every task has run.
template <class Pool, class Task>
double run_all(std::size_t threads, std::uint64_t tasks, Task task) {
    std::atomic<std::uint64_t> left(tasks);
    Clock::time_point end;
    std::binary_semaphore done(0);
    Clock::time_point start;
    {
        Pool pool(threads);
        start = Clock::now();
        for (std::uint64_t i = 0; i < tasks; ++i)
            pool.submit([&] {
                task();
                if (--left > 0) return;
                end = Clock::now();
                done.release();
            });
        done.acquire();
        pool.wait();
    }
    return seconds(end - start);
}

template <class Pool>
void empty(std::size_t threads, std::uint64_t tasks) {
    const double took = run_all<Pool>(threads, tasks, [] {});
    std::printf("elapsed_s %.6f tasks_per_s %.1f\n", took, static_cast<double>(tasks) / took);
}

std::uint64_t burn(std::uint64_t rounds) {
    std::uint64_t x = 88172645463325252;
    for (std::uint64_t i = 0; i < rounds; ++i) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
    }
    return x;
}

template <class Pool>
void cpu(std::size_t threads, std::uint64_t tasks, std::uint64_t rounds) {
    std::atomic<std::uint64_t> sum = 0;
    const double took = run_all<Pool>(threads, tasks, [&] { sum += burn(rounds); });
    std::printf("elapsed_s %.6f\n", took);
}

void print_quantiles(std::vector<double>& times) {
    std::sort(times.begin(), times.end());
    const auto at = [&](double q) {
        return times[static_cast<std::size_t>(q * static_cast<double>(times.size() - 1))];
    };
    std::printf("p50_s %.9f p99_s %.9f\n", at(0.5), at(0.99));
}

// The times from submit to the start of a callable, one at a time, while callables sleep in `busy`
// of 100 slots.
void latency_threads(std::uint64_t samples, std::size_t busy) {
    Ours pool(100);
    std::counting_semaphore<> release(0);
    for (std::size_t i = 0; i < busy; ++i)
        pool.submit([&] { release.acquire(); });
    std::vector<double> times;
    std::binary_semaphore done(0);
    for (std::uint64_t i = 0; i < samples; ++i) {
        const auto submitted = Clock::now();
        pool.submit([&, submitted] {
            times.push_back(seconds(Clock::now() - submitted));
            done.release();
        });
        done.acquire();
        std::this_thread::sleep_for(200us);
    }
    release.release(static_cast<std::ptrdiff_t>(busy));
    pool.wait();
    print_quantiles(times);
}

// Coroutines for the same measurement.
boost::asio::awaitable<TaskResult> sleep_until_stopped(TaskContext& context) {
    co_await context.sleep_for(std::chrono::hours(1));
    co_return TaskResult::ok;
}

boost::asio::awaitable<TaskResult> note_start(TaskContext& context, Clock::time_point submitted,
                                              std::vector<double>& times,
                                              std::binary_semaphore& done) {
    times.push_back(seconds(Clock::now() - submitted));
    done.release();
    co_await context.sleep_for(0s);
    co_return TaskResult::ok;
}

boost::asio::awaitable<TaskResult> note_start_on_loop(Clock::time_point submitted,
                                                      std::vector<double>& times) {
    times.push_back(seconds(Clock::now() - submitted));
    co_return TaskResult::ok;
}

boost::asio::awaitable<void> submit_on_loop(airy::pool::TaskPool& pool, std::uint64_t samples,
                                            std::vector<double>& times) {
    boost::asio::steady_timer pause(pool.loop());
    for (std::uint64_t i = 0; i < samples; ++i) {
        const auto submitted = Clock::now();
        airy::pool::AsyncTask task = [&times, submitted](TaskContext&) {
            return note_start_on_loop(submitted, times);
        };
        co_await pool.async_submit(std::move(task));
        while (times.size() <= i) {
            pause.expires_after(200us);
            co_await pause.async_wait(boost::asio::use_awaitable);
        }
    }
}

// Submitter and tasks are coroutines of one loop, as goroutines belong to one scheduler: this
// figure is comparable with that of ants.
void latency_loop(std::uint64_t samples, std::size_t busy) {
    airy::pool::Options options;
    options.size = 100;
    airy::pool::TaskPool pool(options);
    for (std::size_t i = 0; i < busy; ++i)
        pool.submit_async(sleep_until_stopped);
    std::vector<double> times;
    boost::asio::co_spawn(pool.loop(), submit_on_loop(pool, samples, times),
                          boost::asio::use_future)
        .get();
    pool.release();
    pool.wait();
    print_quantiles(times);
}

// The submitter runs on another thread than the loop, so each submission must wake the loop.
void latency_async(std::uint64_t samples, std::size_t busy) {
    airy::pool::Options options;
    options.size = 100;
    airy::pool::TaskPool pool(options);
    for (std::size_t i = 0; i < busy; ++i)
        pool.submit_async(sleep_until_stopped);
    std::vector<double> times;
    std::binary_semaphore done(0);
    for (std::uint64_t i = 0; i < samples; ++i) {
        const auto submitted = Clock::now();
        pool.submit_async([&, submitted](TaskContext& context) {
            return note_start(context, submitted, times, done);
        });
        done.acquire();
        std::this_thread::sleep_for(200us);
    }
    pool.release();
    pool.wait();
    print_quantiles(times);
}

// Blocks `count` threads at once, releases them, and measures how long they take to end.
void burst(std::size_t count) {
    airy::pool::Options options;
    options.size = count;
    options.expiry = 2s;
    airy::pool::TaskPool pool(options);
    const auto before = status_bytes("VmRSS");
    std::counting_semaphore<> release(0);
    std::atomic<std::size_t> together = 0;
    const auto start = Clock::now();
    for (std::size_t i = 0; i < count; ++i)
        pool.submit([&] {
            ++together;
            release.acquire();
        });
    while (together < count)
        std::this_thread::sleep_for(1ms);
    const double up = seconds(Clock::now() - start);
    const auto top = status_bytes("VmRSS");
    release.release(static_cast<std::ptrdiff_t>(count));
    pool.wait();
    const auto idle = Clock::now();
    while (pool.metrics().threads_live > 0)
        std::this_thread::sleep_for(1ms);
    const double down = seconds(Clock::now() - idle);
    malloc_trim(0);
    std::printf(
        "up_s %.3f top_rss_bytes %llu down_s %.3f expiries %.3f rss_before %llu "
        "rss_after %llu\n",
        up, static_cast<unsigned long long>(top), down, down / 2,
        static_cast<unsigned long long>(before),
        static_cast<unsigned long long>(status_bytes("VmRSS")));
}

void wait(airy::pool::Lane lane, std::uint64_t tasks, std::size_t cap, std::uint64_t us) {
    const auto result = airy::pool::run_bench({tasks, cap, std::chrono::microseconds(us), lane});
    std::printf("elapsed_s %.6f tasks_per_s %.1f peak_rss_bytes %llu\n", result.elapsed_s,
                result.tasks_per_s, static_cast<unsigned long long>(result.peak_rss_bytes));
}

}  // namespace

int main(int argc, char** argv) {
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    const auto number = [&](std::size_t at) {
        return at < arguments.size() ? std::strtoull(arguments[at].c_str(), nullptr, 10) : 0;
    };
    const std::string work = arguments.empty() ? "" : arguments[0];
    if (work == "wait-async")
        wait(airy::pool::Lane::async, number(1), number(2), number(3));
    else if (work == "wait-threads")
        wait(airy::pool::Lane::threads, number(1), number(2), number(3));
    else if (work == "empty-ours")
        empty<Ours>(number(2), number(1));
    else if (work == "empty-asio")
        empty<AsioThreads>(number(2), number(1));
    else if (work == "empty-fixed")
        empty<FixedThreads>(number(2), number(1));
    else if (work == "cpu-ours")
        cpu<Ours>(number(2), number(1), number(3));
    else if (work == "cpu-asio")
        cpu<AsioThreads>(number(2), number(1), number(3));
    else if (work == "cpu-fixed")
        cpu<FixedThreads>(number(2), number(1), number(3));
    else if (work == "latency-threads")
        latency_threads(number(1), number(2));
    else if (work == "latency-async")
        latency_async(number(1), number(2));
    else if (work == "latency-loop")
        latency_loop(number(1), number(2));
    else if (work == "burst")
        burst(number(1));
    else {
        std::fprintf(stderr,
                     "usage: bench_pool wait-async|wait-threads TASKS CAP MICROSECONDS\n"
                     "       bench_pool empty-ours|empty-asio|empty-fixed TASKS THREADS\n"
                     "       bench_pool cpu-ours|cpu-asio|cpu-fixed TASKS THREADS ROUNDS\n"
                     "       bench_pool latency-threads|latency-async|latency-loop SAMPLES BUSY\n"
                     "       bench_pool burst THREADS\n");
        return 2;
    }
    return 0;
}
