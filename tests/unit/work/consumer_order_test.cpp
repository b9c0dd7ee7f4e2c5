// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
// The order in which a consumer starts messages: by key and by priority.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <random>
#include <set>

#include "consumer_bench.hpp"
#include "work/condition.hpp"

using namespace airy;
using namespace airy::work;
using namespace airy::test;
using namespace std::chrono_literals;

namespace {

using Numbers = std::vector<int>;

// Messages whose topic is their key and whose body is their number.
struct KeyedMessage {
    std::string key;
    int number = 0;
    std::uint64_t run = 0;
};

// Handles each message for the time, and with the verdict, that the test's functions give; checks
// that no two messages of one key run at once.
class TimedHandler final : public Handler {
  public:
    TimedHandler(asio::io_context& loop, Timers& timers) : loop_(loop), timers_(timers) {}

    asio::awaitable<void> handle(std::span<const mq::Delivered> batch,
                                 std::span<HandlerResult> results, pool::TaskContext&) override {
        const auto& key = batch[0].message.topic;
        const int number = std::atoi(batch[0].message.body.c_str());
        CHECK(running_keys.insert(key).second);
        most_running = std::max(most_running, running_keys.size());
        begun.push_back({key, number});
        Condition sleep(loop_, timers_);
        const auto until = timers_.clock().steady() + time_of(number);
        while (timers_.clock().steady() < until && !stopped_)
            co_await sleep.wait_until(until);
        results[0] = {.verdict = stopped_ ? Verdict::not_handled : verdict_of(batch[0]),
                      .reason = "because"};
        if (results[0].verdict == Verdict::success) succeeded.insert(number);
        running_keys.erase(key);
    }
    void ask_to_stop() override { stopped_ = true; }
    void kill() override { stopped_ = true; }

    // The numbers that began, of one key, in order.
    Numbers begun_of(const std::string& key) const {
        Numbers numbers;
        for (const auto& message : begun)
            if (message.key == key) numbers.push_back(message.number);
        return numbers;
    }

    std::function<std::chrono::nanoseconds(int)> time_of = [](int) { return 10ms; };
    std::function<Verdict(const mq::Delivered&)> verdict_of = [](const mq::Delivered&) {
        return Verdict::success;
    };
    std::vector<KeyedMessage> begun;
    std::set<std::string> running_keys;
    std::set<int> succeeded;
    std::size_t most_running = 0;

  private:
    asio::io_context& loop_;
    Timers& timers_;
    bool stopped_ = false;
};

struct OrderBench : ConsumerBench {
    TimedHandler timed{loop, timers};
    OrderBench() {
        other_handler = &timed;
        options.intake.serial_by.emplace("topic");
        options.prefetch = [](std::size_t, ReadAhead::Amount) { return std::uint16_t{1000}; };
        queue.set_prefetch(1000);
        stop_when_empty();
    }
    void push(const std::string& key, int number) { queue.push(std::to_string(number), key); }
};

bool ascends(const Numbers& numbers) {
    return std::ranges::is_sorted(numbers);
}

Numbers first_of_each(const Numbers& numbers) {
    Numbers first;
    for (const int number : numbers)
        if (std::ranges::find(first, number) == first.end()) first.push_back(number);
    return first;
}

}  // namespace

TEST_CASE("messages of one key run one after another, in order; other keys run beside them") {
    OrderBench bench;
    bench.options.slots = 4;
    for (int i = 0; i < 6; ++i)
        bench.push("a", i);
    bench.push("b", 6);
    bench.push("c", 7);
    bench.timed.time_of = [](int number) { return number == 0 ? 1h : 10ms; };
    const auto result = bench.run();
    CHECK(result.handled == 8);
    CHECK(bench.timed.most_running == 3);
    CHECK(bench.timed.begun_of("a") == Numbers{0, 1, 2, 3, 4, 5});
    CHECK(bench.elapsed() < 1h + 1s);
}

TEST_CASE("a waiting key holds no slot: two slots suffice for one slow key and many others") {
    OrderBench bench;
    bench.options.slots = 2;
    for (int i = 0; i < 20; ++i)
        bench.push("slow", i);
    for (int i = 20; i < 120; ++i)
        bench.push("k" + std::to_string(i % 7), i);
    bench.timed.time_of = [](int number) { return number == 0 ? 10s : 10ms; };
    bench.run();
    // The others have all been handled beside the first message of the slow key.
    const auto& begun = bench.timed.begun;
    CHECK(begun.size() == 120);
    CHECK(std::ranges::all_of(begun.begin() + 1, begun.begin() + 101,
                              [](const auto& message) { return message.key != "slow"; }));
}

TEST_CASE("all slots are used where there are keys enough") {
    OrderBench bench;
    bench.options.slots = 8;
    std::mt19937 random(7);
    constexpr int messages = 2000;
    for (int i = 0; i < messages; ++i)
        bench.push("k" + std::to_string(random() % 50), i);
    bench.run();
    CHECK(bench.timed.most_running == 8);
    CHECK(bench.elapsed() < 1.05 * messages * 10ms / 8 + 1s);
}

TEST_CASE("a failed message lets the later ones of its key pass") {
    OrderBench bench;
    bench.queue.carries_out_retries = false;
    bench.options.retry.delay = 1s;
    bench.options.slots = 3;
    for (int i = 0; i < 3; ++i)
        bench.push("a", i);
    bench.timed.verdict_of = [](const mq::Delivered& delivered) {
        return delivered.message.body == "0" && delivered.returns == 0 ? Verdict::retry
                                                                       : Verdict::success;
    };
    bench.run();
    CHECK(bench.timed.begun_of("a") == Numbers{0, 1, 2, 0});
}

TEST_CASE("held: a failed message is tried again before the later ones of its key") {
    OrderBench bench;
    bench.options.retry.in_place = true;
    bench.options.retry.delay = 1s;
    bench.options.slots = 3;
    for (int i = 0; i < 3; ++i)
        bench.push("a", i);
    for (int i = 3; i < 6; ++i)
        bench.push("b", i);
    SUBCASE("a retry") {
        bench.timed.verdict_of = [](const mq::Delivered& delivered) {
            return delivered.message.body == "0" && delivered.attempts < 2 ? Verdict::retry
                                                                           : Verdict::success;
        };
        const auto result = bench.run();
        CHECK(result.handled == 6);
        CHECK(result.retried == 2);
        CHECK(bench.timed.begun_of("a") == Numbers{0, 0, 0, 1, 2});
        CHECK(bench.timed.begun.back().number == 2);
        CHECK(bench.elapsed() > 3s);
        CHECK(bench.queue.requeued().empty());
        CHECK(bench.queue.retried().empty());
    }
    SUBCASE("a message that is given up frees its key") {
        bench.options.retry.max_attempts = 2;
        bench.timed.verdict_of = [](const mq::Delivered& delivered) {
            return delivered.message.body == "0" ? Verdict::retry : Verdict::success;
        };
        const auto result = bench.run();
        CHECK(result.handled == 5);
        CHECK(result.dead_lettered == 1);
        CHECK(bench.timed.begun_of("a") == Numbers{0, 0, 1, 2});
    }
    SUBCASE("a message that is put back") {
        bench.timed.verdict_of = [](const mq::Delivered& delivered) {
            return delivered.message.body == "0" && delivered.returns < 5 ? Verdict::requeue
                                                                          : Verdict::success;
        };
        const auto result = bench.run();
        CHECK(result.handled == 6);
        CHECK(bench.timed.begun_of("a") == Numbers{0, 0, 0, 0, 0, 0, 1, 2});
    }
    SUBCASE("the connection is lost meanwhile") {
        bench.timed.verdict_of = [](const mq::Delivered& delivered) {
            return delivered.message.body == "0" && delivered.returns == 0 ? Verdict::retry
                                                                           : Verdict::success;
        };
        bench.run([&](Consumer&) {
            bench.after(500ms, [&] { bench.queue.interrupt(); });
            bench.after(600ms, [&] { bench.queue.restore(); });
        });
        CHECK(bench.timed.begun_of("a") == Numbers{0, 0, 1, 2});
        CHECK(bench.queue.acked().size() == 6);
    }
}

TEST_CASE("held, a message that waits for its attempt goes back before the later ones") {
    OrderBench bench;
    bench.options.retry.in_place = true;
    for (int i = 0; i < 3; ++i)
        bench.push("a", i);
    bench.timed.verdict_of = [](const mq::Delivered&) { return Verdict::retry; };
    bench.run([&](Consumer& consumer) {
        bench.when([&] { return consumer.status().retried == 1; }, [&] { consumer.drain(); });
    });
    CHECK(bench.queue.requeued() == std::vector<std::string>{"0", "1", "2"});
    CHECK(bench.queue.unsettled() == 0);
}

TEST_CASE("at the end, messages behind one that runs go back after it") {
    OrderBench bench;
    bench.options.slots = 2;
    for (int i = 0; i < 3; ++i)
        bench.push("a", i);
    for (int i = 3; i < 6; ++i)
        bench.push("b", i);
    bench.timed.time_of = [](int) { return 1h; };
    bench.run([&](Consumer& consumer) {
        bench.when([&] { return bench.timed.running_keys.size() == 2; },
                   [&] {
                       bench.push("c", 6);
                       consumer.drain();
                   });
    });
    CHECK(bench.queue.unsettled() == 0);
    const auto back = bench.queue.requeued();
    CHECK(back.size() >= 6);
    const auto place = [&](const char* body) { return std::ranges::find(back, body); };
    CHECK(place("0") < place("1"));
    CHECK(place("1") < place("2"));
    CHECK(place("3") < place("4"));
    CHECK(place("4") < place("5"));
}

TEST_CASE("what was taken starts by priority") {
    ConsumerBench bench;
    bench.options.intake.by_priority = true;
    const auto push = [&](const char* body, std::uint8_t priority) {
        mq::Delivered delivered;
        delivered.message.body = body;
        delivered.message.properties.priority = priority;
        bench.queue.push(delivered);
    };
    push("low 1", 0);
    push("low 2", 0);
    push("middle", 4);
    push("high", 9);
    push("low 3", 0);
    push("wait", 200);
    bench.handler.release();
    bench.stop_when_empty();
    bench.run();
    CHECK(bench.handler.seen ==
          std::vector<std::string>{"wait", "high", "middle", "low 1", "low 2", "low 3"});
}

// Random keys, durations, verdicts, sizes of the pool and losses of the connection.
TEST_CASE("whatever happens, first attempts of a key keep their order, and nothing is lost") {
    for (unsigned seed = 0; seed < 80; ++seed) {
        CAPTURE(seed);
        std::mt19937 random(seed);
        const auto below = [&random](unsigned limit) { return static_cast<int>(random() % limit); };
        OrderBench bench;
        const bool in_place = seed % 2 == 0;
        bench.options.retry.in_place = in_place;
        bench.options.retry.delay = 100ms;
        bench.options.slots = static_cast<std::size_t>(1 + below(8));
        if (seed % 3 == 0) bench.options.intake.break_after = 8;
        if (seed % 5 == 0) bench.options.intake.rate = 200;
        const auto prefetch = static_cast<std::uint16_t>(1 + below(60));
        bench.options.prefetch = [prefetch](std::size_t, ReadAhead::Amount) { return prefetch; };
        bench.queue.set_prefetch(prefetch);
        bench.queue.carries_out_retries = in_place || seed % 4 != 1;
        bench.queue.limit = 20;
        const int messages = 150;
        const auto keys = static_cast<unsigned>(1 + below(20));
        for (int i = 0; i < messages; ++i)
            bench.push("k" + std::to_string(below(keys)), i);
        std::set<int> dead;
        bench.timed.time_of = [&](int) { return std::chrono::milliseconds(below(40)); };
        bench.timed.verdict_of = [&](const mq::Delivered& delivered) {
            const int number = std::atoi(delivered.message.body.c_str());
            switch (below(10)) {
                case 0:
                    // A retry that the broker carries out: the message comes again later.
                    if (bench.queue.carries_out_retries && !in_place)
                        bench.after(150ms,
                                    [&bench, again = delivered] { bench.queue.push(again); });
                    return Verdict::retry;
                case 1:
                    return Verdict::requeue;
                case 2:
                    dead.insert(number);
                    return Verdict::reject;
                default:
                    return Verdict::success;
            }
        };
        bench.run([&](Consumer& consumer) {
            for (int i = 0; i < 10; ++i)
                bench.after(std::chrono::milliseconds(below(2000)),
                            [&] { consumer.resize(static_cast<std::size_t>(1 + below(8))); });
            for (int i = 1; i <= 4; ++i) {
                bench.after(i * 300ms, [&] { bench.queue.interrupt(); });
                bench.after(i * 300ms + 20ms, [&] { bench.queue.restore(); });
            }
        });
        std::set<int> begun;
        for (unsigned key = 0; key < keys; ++key) {
            const auto numbers = bench.timed.begun_of("k" + std::to_string(key));
            CHECK(ascends(first_of_each(numbers)));
            // No message begins before the earlier ones of its key are done with.
            if (in_place) CHECK(ascends(numbers));
            begun.insert(numbers.begin(), numbers.end());
        }
        CHECK(begun.size() == messages);
        CHECK(bench.queue.ready() == 0);
        CHECK(bench.queue.unsettled() == 0);
        for (const auto& body : bench.queue.dead_lettered())
            dead.insert(std::atoi(body.c_str()));
        for (int i = 0; i < messages; ++i)
            CHECK((bench.timed.succeeded.contains(i) || dead.contains(i)));
    }
}
