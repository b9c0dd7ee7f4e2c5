// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
// serial [MESSAGES] [KEYS] [SLOTS] [ROUNDS]: a consumer with order per key beside the same without,
// in turn, on a work queue in memory; a handler waits 1 ms. Prints the medians of the rates and the
// ratio.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "tests/support/fake_work_queue.hpp"
#include "util/signals.hpp"
#include "work/consumer.hpp"

using namespace airy;
using namespace std::chrono_literals;

namespace {

class Sleeper final : public work::Handler {
  public:
    boost::asio::awaitable<void> handle(std::span<const mq::Delivered>,
                                        std::span<work::HandlerResult> results,
                                        pool::TaskContext& context) override {
        co_await context.sleep_for(1ms);
        results[0].verdict = work::Verdict::success;
    }
};

struct Load {
    std::size_t messages;
    unsigned keys;
    std::size_t slots;
};

// Messages a second.
double rate(const Load& load, bool by_key) {
    test::FakeWorkQueue queue;
    std::mt19937 random(1);
    for (std::size_t i = 0; i < load.messages; ++i)
        queue.push(R"({"event_type":"post.voted","post_id":)" +
                   std::to_string(1'000'000 + random() % load.keys) +
                   R"(,"author_id":7,"voter_id":42,"vote_type":"up"})");
    boost::asio::io_context loop{1};
    work::LoopTimers timers(loop);
    Sleeper handler;
    util::SignalFd signals;
    work::ConsumerOptions options;
    options.name = "bench";
    options.slots = load.slots;
    options.intake.by_priority = true;
    if (by_key) options.intake.serial_by.emplace("post_id");
    options.stop.count = load.messages;
    queue.set_prefetch(2000);
    work::Consumer consumer(loop, timers, queue, handler, std::move(options));
    const auto begun = std::chrono::steady_clock::now();
    consumer.run(signals);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
    return static_cast<double>(load.messages) / took.count();
}

double median(std::vector<double> values) {
    std::ranges::sort(values);
    return values[values.size() / 2];
}

}  // namespace

int main(int argc, char** argv) {
    const auto number = [&](int index, unsigned long usual) {
        return argc > index ? std::strtoul(argv[index], nullptr, 10) : usual;
    };
    const Load load{number(1, 100'000), static_cast<unsigned>(number(2, 1'000)), number(3, 64)};
    std::vector<double> keyed;
    std::vector<double> unkeyed;
    for (auto round = number(4, 5); round > 0; --round) {
        keyed.push_back(rate(load, true));
        unkeyed.push_back(rate(load, false));
    }
    std::printf("%zu messages, %u keys, %zu slots: %.0f/s keyed, %.0f/s unkeyed, ratio %.2f\n",
                load.messages, load.keys, load.slots, median(keyed), median(unkeyed),
                median(keyed) / median(unkeyed));
    return 0;
}
