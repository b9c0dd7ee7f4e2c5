// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "work/waiting_line.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "tests/support/manual_clock.hpp"

namespace airy::work {
namespace {

using namespace std::chrono_literals;
using Bodies = std::vector<std::string>;

// Messages with the key in the header `key`.
struct LineBench {
    explicit LineBench(bool by_priority = false, bool by_key = true,
                       unsigned most_priority = highest_priority)
        : line(by_priority, by_key ? std::optional(event::MessageKey("header:key")) : std::nullopt,
               most_priority) {}

    mq::DeliveryHandle add(const std::string& body, const std::string& key = "",
                           std::uint8_t priority = 0) {
        mq::Delivered delivered;
        delivered.message.body = body;
        if (!key.empty()) delivered.message.headers = {{"key", {key}}};
        if (priority > 0) delivered.message.properties.priority = priority;
        delivered.handle = {1, ++last};
        const auto handle = delivered.handle;
        if (const auto* keyless = line.add(std::move(delivered), clock.steady()))
            first_keyless.push_back(keyless->message.body);
        return handle;
    }
    std::string begin() {
        if (line.startable() == 0) return "none";
        begun = line.begin_first();
        return begun->delivered.message.body;
    }

    test::ManualClock clock;
    WaitingLine line;
    std::optional<Waiting> begun;  // the last
    Bodies first_keyless;
    std::uint64_t last = 0;
};

Bodies bodies_of(const std::vector<mq::Delivered>& all) {
    Bodies out;
    for (const auto& delivered : all)
        out.push_back(delivered.message.body);
    return out;
}

}  // namespace

TEST_CASE("messages of one key start one after another, those of other keys pass them") {
    LineBench bench;
    const auto a1 = bench.add("a1", "a");
    const auto a2 = bench.add("a2", "a");
    bench.add("a3", "a");
    bench.add("b1", "b");
    CHECK(bench.line.size() == 4);
    CHECK(bench.line.startable() == 2);
    CHECK(bench.begin() == "a1");
    CHECK(bench.begin() == "b1");
    CHECK(bench.begin() == "none");
    CHECK(bench.line.size() == 2);
    bench.add("c1", "c");
    bench.line.finish(a1);
    CHECK(bench.begin() == "a2");  // it is older than c1
    CHECK(bench.begin() == "c1");
    bench.line.finish(a2);
    CHECK(bench.begin() == "a3");
}

TEST_CASE("messages without a key wait for nobody; the first one is told") {
    LineBench bench;
    bench.add("a1", "a");
    bench.add("x");
    bench.add("a2", "a");
    bench.add("y");
    CHECK(bench.first_keyless == Bodies{"x"});
    for (const char* body : {"a1", "x", "y"})
        CHECK(bench.begin() == body);
    CHECK(bench.begin() == "none");
    LineBench without(false, false);
    without.add("z");
    CHECK(without.first_keyless.empty());
}

TEST_CASE("a priority above the queue's most counts as that") {
    LineBench bench(true, false, 4);
    bench.add("3", "", 3);
    bench.add("4", "", 4);
    bench.add("200", "", 200);
    bench.add("5", "", 5);
    for (const char* body : {"4", "200", "5", "3"})
        CHECK(bench.begin() == body);
}

TEST_CASE("higher priorities start first, those of one priority as they came") {
    LineBench bench(true);
    bench.add("low 1");
    bench.add("high 1", "", 200);
    bench.add("low 2");
    bench.add("middle", "", 5);
    bench.add("high 2", "", 200);
    for (const char* body : {"high 1", "high 2", "middle", "low 1", "low 2"})
        CHECK(bench.begin() == body);
    LineBench without(false);
    without.add("low");
    without.add("high", "", 200);
    CHECK(without.begin() == "low");
}

TEST_CASE("the messages of one key keep their order, whatever their priority") {
    LineBench bench(true);
    const auto low = bench.add("a low", "a");
    bench.add("a high", "a", 9);
    bench.add("b middle", "b", 5);
    CHECK(bench.begin() == "b middle");
    CHECK(bench.begin() == "a low");
    CHECK(bench.begin() == "none");
    bench.line.finish(low);
    CHECK(bench.begin() == "a high");
}

TEST_CASE("the oldest startable message is known, whatever its priority") {
    LineBench bench(true);
    bench.add("a1", "a");
    const auto first = bench.clock.steady();
    bench.clock.advance(1s);
    bench.add("a2", "a");
    bench.add("high", "", 9);
    CHECK(bench.line.oldest() == first);
    bench.begin();
    bench.begin();
    bench.clock.advance(1s);
    const auto now = bench.clock.steady();
    bench.add("later", "", 3);
    CHECK(bench.line.oldest() == now);  // a2 waits for a1
}

TEST_CASE("what is put back waits on in its place, and its key is as before") {
    LineBench bench;
    const auto a1 = bench.add("a1", "a");
    bench.add("a2", "a");
    bench.add("b1", "b");
    bench.begin();
    bench.line.put_back(std::move(*bench.begun));
    CHECK(bench.line.size() == 3);
    CHECK(bench.begin() == "a1");
    CHECK(bench.begin() == "b1");
    CHECK(bench.begin() == "none");
    bench.line.finish(a1);
    CHECK(bench.begin() == "a2");
}

TEST_CASE("a message that is removed lets the next one of its key start") {
    LineBench bench;
    bench.add("a1", "a");
    bench.add("a2", "a");
    CHECK(bench.line.remove_first().delivered.message.body == "a1");
    CHECK(bench.begin() == "a2");
    CHECK(bench.line.size() == 0);
}

TEST_CASE("the key of a held message stays taken until the message has come again") {
    LineBench bench;
    const auto a1 = bench.add("a1", "a");
    bench.add("a2", "a");
    bench.add("b1", "b");
    bench.begin();
    auto held = bench.begun->delivered;
    bench.line.hold(a1);
    CHECK(bench.begin() == "b1");
    CHECK(bench.begin() == "none");
    bench.add("c1", "c");
    bench.line.again(std::move(held), bench.clock.steady());
    CHECK(bench.begin() == "a1");
    CHECK(bench.begin() == "c1");
    bench.line.finish(a1);
    CHECK(bench.begin() == "a2");
}

TEST_CASE("a held message that does not come again frees its key") {
    LineBench bench;
    const auto a1 = bench.add("a1", "a");
    bench.add("a2", "a");
    const auto b1 = bench.add("b1", "b");
    bench.add("b2", "b");
    bench.begin();
    bench.begin();
    bench.line.hold(a1);
    bench.line.release_held([&](mq::DeliveryHandle handle) { return handle == b1; });
    CHECK(bench.begin() == "none");  // b1 is not held, it runs
    bench.line.release_held([](mq::DeliveryHandle) { return true; });
    CHECK(bench.begin() == "a2");
    CHECK(bench.begin() == "none");
}

TEST_CASE("what was not held comes again as a new message") {
    LineBench bench;
    const auto a1 = bench.add("a1", "a");
    bench.begin();
    auto later = bench.begun->delivered;
    bench.line.finish(a1);
    bench.add("a2", "a");
    bench.line.again(std::move(later), bench.clock.steady());
    CHECK(bench.begin() == "a2");
    CHECK(bench.begin() == "none");
    CHECK(bench.line.size() == 1);
}

TEST_CASE("dropped messages leave their place to the next ones of their keys") {
    LineBench bench;
    for (const char* body : {"a1", "a2", "a3"})
        bench.add(body, "a");
    bench.add("b1", "b");
    bench.add("x");
    bench.line.drop([](const mq::Delivered& delivered) {
        const auto& body = delivered.message.body;
        return body == "a1" || body == "a2" || body == "x";
    });
    CHECK(bench.line.size() == 2);
    CHECK(bench.begin() == "a3");
    CHECK(bench.begin() == "b1");
}

TEST_CASE("given up are all in the order of arrival, but those behind one that has begun stay") {
    LineBench bench(true);
    const auto a1 = bench.add("a1", "a", 9);
    for (const char* body : {"a2", "b1", "a3"})
        bench.add(body, {body[0]});
    bench.add("x", "", 7);
    bench.add("b2", "b", 8);
    CHECK(bench.begin() == "a1");
    CHECK(bodies_of(bench.line.give_up()) == Bodies{"b1", "x", "b2"});
    CHECK(bench.line.size() == 2);
    bench.line.finish(a1);
    CHECK(bodies_of(bench.line.give_up()) == Bodies{"a2", "a3"});
    CHECK(bench.line.size() == 0);
}

// Random steps beside a model that looks through all messages each time.
TEST_CASE("the line starts what a search through all messages finds") {
    struct Modelled {
        std::string body;
        std::string key;
        unsigned priority;
        bool waits = true;  // else it runs or is held
        mq::DeliveryHandle handle;
    };
    for (unsigned seed = 0; seed < 60; ++seed) {
        CAPTURE(seed);
        std::mt19937 random(seed);
        const auto below = [&random](unsigned limit) {
            return static_cast<unsigned>(random() % limit);
        };
        const bool by_priority = seed % 2 == 0;
        LineBench bench(by_priority);
        std::vector<Modelled> model;  // in the order of arrival
        std::map<std::string, mq::Delivered> begun;
        std::map<std::string, mq::Delivered> held;
        const auto expected = [&]() -> Modelled* {
            Modelled* best = nullptr;
            for (auto& message : model) {
                const bool behind =
                    std::any_of(model.data(), &message, [&](const Modelled& earlier) {
                        return !message.key.empty() && earlier.key == message.key;
                    });
                if (!message.waits || behind) continue;
                if (best == nullptr || (by_priority && message.priority > best->priority))
                    best = &message;
            }
            return best;
        };
        const auto any_of = [&](auto& all) {
            return std::next(all.begin(), static_cast<std::ptrdiff_t>(below(all.size())));
        };
        const auto forget = [&](const std::string& body) {
            std::erase_if(model, [&](const Modelled& message) { return message.body == body; });
        };
        int number = 0;
        for (int step = 0; step < 400; ++step) {
            switch (below(6)) {
                case 0:
                case 1: {
                    const auto body = std::to_string(++number);
                    const auto key = below(5) == 0 ? "" : "k" + std::to_string(below(6));
                    const auto priority = below(3);
                    const auto handle = bench.add(body, key, static_cast<std::uint8_t>(priority));
                    model.push_back({body, key, priority, true, handle});
                    break;
                }
                case 2:
                case 3: {
                    auto* const next = expected();
                    REQUIRE(bench.begin() == (next == nullptr ? "none" : next->body));
                    if (next == nullptr) break;
                    next->waits = false;
                    begun.emplace(next->body, bench.begun->delivered);
                    if (below(4) > 0) break;
                    begun.erase(next->body);
                    next->waits = true;
                    bench.line.put_back(std::move(*bench.begun));
                    break;
                }
                case 4: {
                    if (begun.empty()) break;
                    const auto ended = any_of(begun);
                    const bool keyed = !ended->second.message.headers.empty();
                    if (keyed && below(3) == 0) {
                        bench.line.hold(ended->second.handle);
                        held.insert(*ended);
                    } else {
                        bench.line.finish(ended->second.handle);
                        forget(ended->first);
                    }
                    begun.erase(ended);
                    break;
                }
                case 5: {
                    if (held.empty()) break;
                    const auto again = any_of(held);
                    std::ranges::find(model, again->first, &Modelled::body)->waits = true;
                    bench.line.again(again->second, bench.clock.steady());
                    held.erase(again);
                    break;
                }
            }
            const auto waiting = std::ranges::count_if(model, &Modelled::waits);
            REQUIRE(bench.line.size() == static_cast<std::size_t>(waiting));
        }
    }
}

}  // namespace airy::work
