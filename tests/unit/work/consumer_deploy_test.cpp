// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
// The end of a consumer that a service manager stops, and what handlers and messages see of it.
#include <doctest/doctest.h>
#include <signal.h>

#include "consumer_bench.hpp"

using namespace airy;
using namespace airy::work;
using namespace std::chrono_literals;
using namespace airy::test;

TEST_CASE("a handler that was ended with its consumer says nothing about its message") {
    ConsumerBench bench;
    bench.options.retry.on_error = OnError::discard;
    bench.push({"interrupted"});
    std::chrono::milliseconds later{0};
    SUBCASE("at the same moment") {}
    SUBCASE("up to a second before") {
        later = 990ms;
    }
    bench.options.slots = 2;
    const auto result = bench.run([&](Consumer&) {
        bench.when([&] { return bench.handler.seen.size() == 1; },
                   [&] { bench.after(later, [&] { bench.signal(SIGTERM); }); });
    });
    CHECK(result.signal == SIGTERM);
    CHECK(result.discarded == 0);
    CHECK(result.cut_short == 1);
    CHECK(bench.queue.ready() == 1);
    REQUIRE(bench.queue.settlements().size() == 1);
    CHECK_FALSE(std::get<mq::Requeue>(bench.queue.settlements()[0].settlement).counts);
}

TEST_CASE("a handler that was ended alone has failed") {
    ConsumerBench bench;
    bench.options.retry.max_attempts = 1;
    bench.push({"interrupted"});
    const auto result = bench.run([&](Consumer&) {
        bench.when([&] { return bench.handler.seen.size() == 1; },
                   [&] { bench.after(1001ms, [&] { bench.signal(SIGTERM); }); });
    });
    CHECK(result.dead_lettered == 1);
    CHECK(bench.queue.ready() == 0);
}

TEST_CASE("the slot of a handler that was ended starts nothing before the reason is known") {
    ConsumerBench bench;
    bench.push({"interrupted", "next"});
    const auto result = bench.run([&](Consumer&) {
        bench.when([&] { return bench.handler.seen.size() == 1; },
                   [&] { bench.after(500ms, [&] { bench.signal(SIGTERM); }); });
    });
    CHECK(bench.handler.seen == std::vector<std::string>{"interrupted"});
    CHECK(result.handled == 0);
    CHECK(bench.queue.ready() == 2);
}

TEST_CASE("a failure that no signal caused counts while draining, too") {
    ConsumerBench bench;
    bench.options.retry.max_attempts = 1;
    bench.options.slots = 2;
    bench.push({"wait", "reject"});
    const auto result = bench.run([&](Consumer&) {
        bench.when([&] { return bench.handler.running == 2 || bench.handler.seen.size() == 2; },
                   [&] {
                       bench.signal(SIGTERM);
                       bench.handler.release();
                   });
    });
    CHECK(result.handled == 1);
    CHECK(result.dead_lettered == 1);
}

TEST_CASE("SIGHUP drains like SIGTERM, and never hurries") {
    ConsumerBench bench;
    bench.push({"wait", "next"});
    const auto result = bench.run([&](Consumer& consumer) {
        bench.when([&] { return bench.handler.running == 1; }, [&] { bench.signal(SIGHUP); });
        bench.when([&] { return consumer.status().state == ConsumerState::draining; },
                   [&] { bench.after(1s, [&] { bench.signal(SIGHUP); }); });
        bench.after(2s, [&] { bench.handler.release(); });
    });
    CHECK_FALSE(bench.handler.killed);
    CHECK(result.signal == SIGHUP);
    CHECK(result.handled == 1);
    CHECK(bench.queue.ready() == 1);
}

TEST_CASE("SIGTERM behind SIGHUP is the signal that is told, and does not hurry yet") {
    ConsumerBench bench;
    bench.push({"wait"});
    const auto result = bench.run([&](Consumer& consumer) {
        bench.when([&] { return bench.handler.running == 1; }, [&] { bench.signal(SIGHUP); });
        bench.when([&] { return consumer.status().state == ConsumerState::draining; },
                   [&] { bench.signal(SIGTERM); });
        bench.after(2s, [&] { bench.handler.release(); });
    });
    CHECK_FALSE(bench.handler.killed);
    CHECK(result.signal == SIGTERM);
    CHECK(result.handled == 1);
}

TEST_CASE("SIGQUIT ends running handlers at once, and their messages go back uncounted") {
    ConsumerBench bench;
    bench.handler.stubborn = true;
    bench.push({"wait", "next"});
    SUBCASE("at once") {
        bench.when([&] { return bench.handler.running == 1; }, [&] { bench.signal(SIGQUIT); });
    }
    SUBCASE("while draining") {
        bench.when([&] { return bench.handler.running == 1; }, [&] { bench.signal(SIGTERM); });
        bench.after(1s, [&] { bench.signal(SIGQUIT); });
    }
    const auto result = bench.run();
    CHECK(bench.handler.killed);
    CHECK((result.signal == SIGQUIT || result.signal == SIGTERM));
    CHECK(bench.elapsed() < 2s);
    CHECK(result.handled == 0);
}

TEST_CASE("messages are taken ahead while handlers are short") {
    using Amount = ReadAhead::Amount;
    ReadAhead ahead;
    CHECK(ahead.wanted() == Amount::none);
    for (unsigned i = 1; i < ReadAhead::enough; ++i)
        CHECK_FALSE(ahead.ended(1ms));
    CHECK_FALSE(ahead.ended(51ms));  // neither short nor long: the count begins anew
    for (unsigned i = 1; i < ReadAhead::enough; ++i)
        CHECK_FALSE(ahead.ended(50ms));
    CHECK(ahead.ended(50ms));
    CHECK(ahead.wanted() == Amount::some);
    CHECK_FALSE(ahead.ended(1ms));
    CHECK_FALSE(ahead.ended(250ms));
    CHECK(ahead.wanted() == Amount::some);
    CHECK(ahead.ended(251ms));
    CHECK(ahead.wanted() == Amount::none);
    CHECK_FALSE(ahead.ended(251ms));
    CHECK_FALSE(ahead.ended(1ms));
}

TEST_CASE("many messages are taken ahead while handlers are quick") {
    using Amount = ReadAhead::Amount;
    ReadAhead ahead;
    for (unsigned i = 1; i < ReadAhead::enough_quick; ++i)
        CHECK(ahead.ended(20ms) == (i == ReadAhead::enough));
    CHECK_FALSE(ahead.ended(21ms));  // the count begins anew
    for (unsigned i = 1; i < ReadAhead::enough_quick; ++i)
        CHECK_FALSE(ahead.ended(1ms));
    CHECK(ahead.ended(1ms));
    CHECK(ahead.wanted() == Amount::many);
    CHECK_FALSE(ahead.returned());
    CHECK_FALSE(ahead.ended(50ms));
    CHECK(ahead.wanted() == Amount::many);
    CHECK(ahead.ended(51ms));
    CHECK(ahead.wanted() == Amount::some);
    for (unsigned i = 1; i < ReadAhead::enough_quick; ++i)
        CHECK_FALSE(ahead.ended(1ms));
    CHECK(ahead.ended(1ms));
    CHECK(ahead.ended(251ms));
    CHECK(ahead.wanted() == Amount::none);
    CHECK(ahead.returned());
    CHECK(ahead.wanted() == Amount::some);
}

TEST_CASE("a message that is held back before it returns keeps no other from its slot") {
    ConsumerBench bench;
    bench.queue.set_prefetch(1);
    bench.options.prefetch = [](std::size_t slots, ReadAhead::Amount ahead) {
        return static_cast<std::uint16_t>(slots + (ahead == ReadAhead::Amount::some ? 4 : 0));
    };
    mq::Delivered returned;
    returned.message.body = "requeue";
    returned.returns = 6;
    bench.queue.push(returned);
    bench.push({"ok"});
    bench.options.stop.count = 1;
    const auto result = bench.run();
    CHECK(result.handled == 1);
    CHECK(bench.elapsed() < 250ms);
}

TEST_CASE("a consumer of long handlers takes none ahead; one of short handlers does") {
    ConsumerBench bench;
    std::vector<std::uint16_t> asked;
    bench.options.slots = 2;
    bench.queue.set_prefetch(2);
    bench.options.prefetch = [&](std::size_t slots, ReadAhead::Amount ahead) {
        asked.push_back(
            static_cast<std::uint16_t>(slots + (ahead == ReadAhead::Amount::some ? 4 : 0)));
        return asked.back();
    };
    for (unsigned i = 0; i < ReadAhead::enough; ++i)
        bench.queue.push("ok");
    bench.push({"wait", "ok"});
    bench.options.stop.count = ReadAhead::enough + 2;
    bench.run([&](Consumer&) {
        bench.when([&] { return bench.handler.seen.size() >= ReadAhead::enough + 1; },
                   [&] { bench.after(1s, [&] { bench.handler.release(); }); });
    });
    CHECK(asked == std::vector<std::uint16_t>{6, 2});
}
