// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "work/consumer.hpp"

#include <doctest/doctest.h>
#include <signal.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <functional>
#include <thread>

#include "consumer_bench.hpp"

using namespace airy;
using namespace airy::work;
using namespace std::chrono_literals;
using namespace airy::test;

TEST_CASE("messages are handled, acked, and the consumer ends with the queue empty") {
    ConsumerBench bench;
    bench.push({"a", "b", "c"});
    bench.stop_when_empty();
    const auto result = bench.run();
    CHECK(result.reason == StopReason::queue_empty);
    CHECK_FALSE(result.error);
    CHECK(result.settled);
    CHECK(result.handled == 3);
    CHECK(bench.queue.acked() == std::vector<std::string>{"a", "b", "c"});
    CHECK(bench.queue.ready() == 0);
}

TEST_CASE("with one slot the order is kept, however many are taken ahead") {
    ConsumerBench bench;
    std::vector<std::string> expected;
    for (int i = 0; i < 500; ++i) {
        expected.push_back(std::to_string(i));
        bench.queue.push(expected.back());
    }
    bench.stop_when_empty();
    SUBCASE("one by one") {
        bench.handler.limit = 1;
    }
    SUBCASE("in batches") {
        bench.handler.limit = 64;
    }
    bench.run();
    CHECK(bench.handler.seen == expected);
    CHECK(bench.queue.acked() == expected);
    CHECK(bench.handler.most_running == 1);
    CHECK(*std::ranges::max_element(bench.handler.batches) <= bench.handler.limit);
}

TEST_CASE("the verdict decides what becomes of each message") {
    ConsumerBench bench;
    bench.push({"ok", "reject", "throw", "requeue", "ok"});
    bench.queue.carries_out_retries = false;
    bench.queue.limit = 1;
    bench.options.retry.max_attempts = 2;
    bench.options.retry.delay = 0ms;
    bench.options.slots = 4;
    bench.stop_when_empty();
    const auto result = bench.run();
    // Those that were put back were given up when the delivery limit was reached.
    CHECK(result.handled == 2);
    CHECK(result.retried == 2);
    CHECK(result.dead_lettered == 3);
    CHECK(bench.queue.acked() == std::vector<std::string>{"ok", "ok"});
    auto dead = bench.queue.dead_lettered();
    std::ranges::sort(dead);
    CHECK(dead == std::vector<std::string>{"reject", "requeue", "throw"});
    CHECK(bench.queue.requeued().size() == 2);
}

TEST_CASE("a batch is full, or what came in time; the last one is what is left") {
    ConsumerBench bench;
    bench.handler.limit = 10;
    bench.options.intake.batch_wait = 5s;
    for (int i = 0; i < 25; ++i)
        bench.queue.push("ok");
    SUBCASE("until the queue is empty") {
        bench.stop_when_empty();
        const auto result = bench.run();
        CHECK(result.handled == 25);
        CHECK(bench.handler.batches == std::vector<std::size_t>{10, 10, 5});
        CHECK(bench.elapsed() > 5s);
        CHECK(bench.elapsed() < 6s);
    }
    SUBCASE("a number of messages") {
        bench.options.stop.count = 23;
        const auto result = bench.run();
        CHECK(result.handled == 23);
        CHECK(bench.handler.batches == std::vector<std::size_t>{10, 10, 3});
        CHECK(bench.elapsed() < 1s);
        CHECK(bench.queue.ready() == 2);
    }
    SUBCASE("drained while a batch waits for more") {
        const auto result = bench.run([&](Consumer& consumer) {
            bench.when([&] { return consumer.status().handled == 20; }, [&] { consumer.drain(); });
        });
        CHECK(result.handled == 20);
        CHECK(bench.queue.ready() == 5);
    }
}

TEST_CASE("the messages of a batch that has failed are settled one by one") {
    ConsumerBench bench;
    bench.handler.limit = 4;
    bench.handler.splits = true;
    bench.options.intake.batch_wait = 5s;
    SUBCASE("each when its own run has ended, and the next batch comes after them") {
        bench.push({"ok", "reject", "wait", "ok", "ok", "ok"});
        bench.stop_when_empty();
        ConsumerStatus status;
        const auto result = bench.run([&](Consumer& consumer) {
            bench.when([&] { return bench.handler.batches.size() == 4; },
                       [&] {
                           status = consumer.status();
                           CHECK(bench.queue.acked().size() == 1);
                           CHECK(bench.queue.dead_lettered().size() == 1);
                           bench.handler.release();
                       });
        });
        CHECK(status.waiting == 3);
        REQUIRE(status.tasks.size() == 1);
        CHECK(status.tasks[0].messages == 1);
        CHECK(bench.handler.batches == std::vector<std::size_t>{4, 1, 1, 1, 1, 2, 1, 1});
        CHECK(result.handled == 5);
        CHECK(result.dead_lettered == 1);
        CHECK(result.retried == 0);
    }
    SUBCASE("in as many slots as there are") {
        bench.options.slots = 3;
        bench.push({"wait", "wait", "wait", "wait"});
        bench.stop_when_empty();
        const auto result = bench.run([&](Consumer&) {
            bench.when([&] { return bench.handler.running == 3; },
                       [&] { bench.handler.release(); });
        });
        CHECK(result.handled == 4);
        CHECK(bench.handler.batches == std::vector<std::size_t>{4, 1, 1, 1, 1});
    }
    SUBCASE("no more than are to be handled") {
        bench.push({"ok", "ok", "ok", "ok", "ok"});
        bench.options.stop.count = 3;
        const auto result = bench.run();
        CHECK(result.handled == 3);
        CHECK(bench.handler.batches == std::vector<std::size_t>{3, 1, 1, 1});
        CHECK(bench.queue.ready() == 2);
    }
    SUBCASE("as the rate allows") {
        bench.options.intake.rate = 1;
        bench.push({"ok", "ok", "ok", "ok"});
        bench.stop_when_empty();
        CHECK(bench.run().handled == 4);
        CHECK(bench.elapsed() > 3s);
    }
    SUBCASE("the others go back at the end, uncounted") {
        bench.push({"ok", "wait", "ok", "ok"});
        const auto result = bench.run([&](Consumer& consumer) {
            bench.when([&] { return bench.handler.batches.size() == 3; },
                       [&] {
                           consumer.drain();
                           bench.handler.release();
                       });
        });
        CHECK(result.handled == 2);
        CHECK(result.cut_short == 0);
        CHECK(bench.queue.ready() == 2);
        CHECK(bench.queue.retried().empty());
    }
    SUBCASE("those of a lost connection come again") {
        bench.push({"ok", "wait", "ok", "ok"});
        bench.stop_when_empty();
        const auto result = bench.run([&](Consumer& consumer) {
            bench.when([&] { return bench.handler.batches.size() == 3; },
                       [&] {
                           bench.queue.interrupt();
                           bench.queue.restore();
                       });
            bench.when([&] { return consumer.status().reconnects == 1; },
                       [&] { bench.handler.release(); });
        });
        CHECK(result.handled == 4);
        CHECK(bench.handler.batches == std::vector<std::size_t>{4, 1, 1, 3, 1, 1, 1});
    }
    SUBCASE("so are those whose connection was lost during the batch") {
        bench.handler.splits = false;
        bench.push({"wait", "ok", "ok", "ok"});
        bench.stop_when_empty();
        const auto result = bench.run([&](Consumer& consumer) {
            bench.when([&] { return bench.handler.running == 1; },
                       [&] {
                           bench.queue.interrupt();
                           bench.queue.restore();
                       });
            bench.when([&] { return consumer.status().reconnects == 1; },
                       [&] {
                           bench.handler.splits = true;
                           bench.handler.release();
                       });
        });
        CHECK(result.handled == 4);
        CHECK(bench.handler.batches == std::vector<std::size_t>{4, 4, 1, 1, 1, 1});
    }
}

TEST_CASE("as many run at once as there are slots") {
    ConsumerBench bench;
    bench.options.slots = 3;
    for (int i = 0; i < 10; ++i)
        bench.queue.push("wait");
    bench.stop_when_empty();
    ConsumerStatus status;
    const auto result = bench.run([&](Consumer& consumer) {
        bench.when([&] { return bench.handler.running == 3; },
                   [&] {
                       status = consumer.status();
                       bench.handler.release();
                   });
    });
    CHECK(result.handled == 10);
    CHECK(bench.handler.most_running == 3);
    CHECK(status.cap == 3);
    CHECK(status.running == 3);
    CHECK(status.free == 0);
    CHECK(status.in_flight == 10);
    CHECK(status.name == "work");
    CHECK(status.queue == "work");
    CHECK(status.state == ConsumerState::running);
}

TEST_CASE("--count: just that many are done with, the rest stays") {
    ConsumerBench bench;
    for (int i = 0; i < 20; ++i)
        bench.queue.push("ok" + std::to_string(i));
    bench.options.stop.count = 7;
    SUBCASE("one by one") {
        bench.handler.limit = 1;
        bench.options.slots = 3;
    }
    SUBCASE("in batches") {
        bench.handler.limit = 5;
    }
    const auto result = bench.run();
    CHECK(result.reason == StopReason::count);
    CHECK(result.handled == 7);
    CHECK(bench.handler.seen.size() == 7);
    CHECK(bench.queue.ready() == 13);
    CHECK(bench.queue.unsettled() == 0);
}

TEST_CASE("a dead-lettered message counts, one that was put back does not") {
    ConsumerBench bench;
    bench.push({"requeue", "reject", "ok", "ok"});
    bench.options.stop.count = 2;
    const auto result = bench.run();
    CHECK(result.reason == StopReason::count);
    CHECK(result.handled + result.dead_lettered == 2);
    CHECK(result.retried >= 1);
}

TEST_CASE("--idle and --for end it without messages, at their time") {
    ConsumerBench bench;
    bench.push({"ok"});
    SUBCASE("idle") {
        bench.options.stop.idle = 30s;
        const auto result = bench.run();
        CHECK(result.reason == StopReason::idle);
        CHECK(result.handled == 1);
        CHECK(bench.elapsed() == 30s);
    }
    SUBCASE("for") {
        bench.options.stop.total = 50s;
        const auto result = bench.run();
        CHECK(result.reason == StopReason::time_up);
        CHECK(result.handled == 1);
        CHECK(bench.elapsed() == 50s);
    }
}

TEST_CASE("idle does not count while a message is being handled") {
    ConsumerBench bench;
    bench.push({"wait"});
    bench.options.stop.idle = 20s;
    bench.after(200s, [&] { bench.handler.release(); });
    const auto result = bench.run();
    CHECK(result.reason == StopReason::idle);
    CHECK(result.handled == 1);
    CHECK(bench.elapsed() == 220s);
}

TEST_CASE("SIGINT: what runs finishes, what only waits goes back") {
    ConsumerBench bench;
    for (int i = 0; i < 10; ++i)
        bench.queue.push("wait");
    bench.options.slots = 2;
    const auto result = bench.run([&](Consumer& consumer) {
        bench.when([&] { return bench.handler.running == 2; }, [&] { bench.signal(SIGINT); });
        bench.when([&] { return consumer.status().state == ConsumerState::draining; },
                   [&] { bench.handler.release(); });
    });
    CHECK(result.reason == StopReason::signal);
    CHECK(result.signal == SIGINT);
    CHECK(result.handled == 2);
    CHECK(bench.handler.seen.size() == 2);
    CHECK(bench.queue.acked().size() == 2);
    CHECK(bench.queue.ready() == 8);
    CHECK_FALSE(bench.handler.stop_asked);
}

TEST_CASE("what does not finish within the drain time is asked to stop, and goes back") {
    ConsumerBench bench;
    bench.push({"wait", "ok"});
    bench.options.drain = 50s;
    const auto result = bench.run([&](Consumer&) {
        bench.when([&] { return bench.handler.running == 1; }, [&] { bench.signal(SIGTERM); });
    });
    CHECK(result.signal == SIGTERM);
    CHECK(bench.handler.stop_asked);
    CHECK_FALSE(bench.handler.killed);
    CHECK(result.handled == 0);
    CHECK(result.not_handled == 2);
    CHECK(result.cut_short == 1);
    CHECK(bench.elapsed() == 50s);
    CHECK(bench.queue.ready() == 2);
    CHECK(bench.queue.acked().empty());
}

TEST_CASE("the end waits for a handler that has not come to rest, for the drain time") {
    ConsumerBench bench;
    bench.push({"ok"});
    bench.options.stop.count = 1;
    bench.options.drain = 20s;
    bench.handler.rests = false;
    bool rested = false;
    SUBCASE("it comes to rest") {
        rested = true;
        bench.after(5s, [&] {
            bench.handler.rests = true;
            bench.handler.tell();
        });
    }
    SUBCASE("it is asked to stop") {
        bench.when([&] { return bench.handler.stop_asked; },
                   [&] {
                       bench.handler.rests = true;
                       bench.handler.tell();
                   });
    }
    const auto result = bench.run();
    CHECK(result.handled == 1);
    CHECK(result.settled);
    CHECK(bench.handler.stop_asked == !rested);
    CHECK(bench.elapsed() == (rested ? 5s : 20s));
}

TEST_CASE("a handler that ends while nothing is handled ends the consumer") {
    ConsumerBench bench;
    bench.after(1s, [&] {
        bench.handler.ended = HandlerEnd{Error(ErrorKind::handler, "gone")};
        bench.handler.tell();
    });
    const auto result = bench.run();
    CHECK(result.reason == StopReason::failed);
    REQUIRE(result.error);
    CHECK(result.error->kind() == ErrorKind::handler);
}

TEST_CASE("a second signal kills what runs") {
    ConsumerBench bench;
    bench.push({"wait"});
    bench.handler.stubborn = true;
    bool second = false;
    const auto result = bench.run([&](Consumer& consumer) {
        bench.when([&] { return bench.handler.running == 1; }, [&] { bench.signal(SIGINT); });
        bench.when([&] { return !second && consumer.status().state == ConsumerState::draining; },
                   [&] {
                       second = true;
                       bench.signal(SIGTERM);  // the same one at once would be the same wish
                   });
    });
    CHECK(second);
    CHECK(bench.handler.killed);
    CHECK(result.signal == SIGINT);
    CHECK(bench.queue.unsettled() == 0);
}

TEST_CASE("a lost connection ends it, and nothing of it is counted or settled") {
    ConsumerBench bench;
    bench.push({"ok", "wait", "ok"});
    const auto result = bench.run([&](Consumer& consumer) {
        bench.when([&] { return bench.handler.running == 1 && bench.handler.seen.size() == 2; },
                   [&] { bench.queue.lose(); });
        bench.when([&] { return consumer.status().state == ConsumerState::draining; },
                   [&] { bench.handler.release(); });
    });
    CHECK(result.reason == StopReason::failed);
    REQUIRE(result.error);
    CHECK(result.error->kind() == ErrorKind::unreachable);
    CHECK(result.handled == 1);
    CHECK_FALSE(result.settled);
    CHECK(bench.queue.acked() == std::vector<std::string>{"ok"});
    CHECK(bench.queue.ready() == 2);
}

TEST_CASE("a cancelled subscription ends it with not_found, after settling what was handled") {
    ConsumerBench bench;
    bench.push({"wait"});
    const auto result = bench.run([&](Consumer& consumer) {
        bench.when([&] { return bench.handler.running == 1; }, [&] { bench.queue.cancel(); });
        bench.when([&] { return consumer.status().state == ConsumerState::draining; },
                   [&] { bench.handler.release(); });
    });
    REQUIRE(result.error);
    CHECK(result.error->kind() == ErrorKind::not_found);
    CHECK(result.handled == 1);
}

TEST_CASE("a handler that has come to its end stops the consumer, and its message goes back") {
    ConsumerBench bench;
    bench.push({"ok", "cannot_run", "ok"});
    const auto result = bench.run();
    CHECK(result.reason == StopReason::failed);
    REQUIRE(result.error);
    CHECK(result.error->kind() == ErrorKind::general);
    CHECK(std::string(result.error->what()) == "because");
    CHECK(bench.queue.ready() == 2);
    CHECK(bench.queue.acked().size() == 1);
    CHECK(result.retried == 0);
    CHECK(result.not_handled == 2);
}

TEST_CASE("a handler whose output nobody reads any more ends it quietly") {
    ConsumerBench bench;
    bench.push({"ok"});
    bench.handler.ended = HandlerEnd{Error(ErrorKind::general, "EPIPE"), true};
    const auto result = bench.run();
    CHECK(result.reason == StopReason::output_closed);
    CHECK_FALSE(result.error);
}

TEST_CASE("a message that keeps failing is slowed down, and not held up by the drain") {
    ConsumerBench bench;
    bench.queue.carries_out_retries = false;
    bench.push({"retry"});
    bench.options.retry.delay = 100ms;
    const auto result = bench.run([&](Consumer&) {
        // The first time it is held back for 100 ms, then for 200 ms, then for 400 ms.
        bench.when([&] { return bench.handler.seen.size() == 3; }, [&] { bench.signal(SIGINT); });
    });
    CHECK(bench.elapsed() == 300ms);
    CHECK(result.retried == 3);
    CHECK(bench.queue.ready() == 1);
}

TEST_CASE("paused it starts nothing, resumed it goes on; resize and drain work from outside") {
    ConsumerBench bench;
    bench.options.most_slots = 5;
    bench.push({"ok", "ok"});
    std::thread outside;
    const auto result = bench.run([&](Consumer& consumer) {
        consumer.pause();
        outside = std::thread([&] {
            const auto wait_until = [](auto&& holds) {
                while (!holds())
                    std::this_thread::yield();
            };
            wait_until([&] { return consumer.status().in_flight == 2; });
            wait_until([&] { return consumer.status().state == ConsumerState::paused; });
            CHECK(consumer.status().handled == 0);
            consumer.resize(5);
            CHECK(consumer.status().cap == 5);
            CHECK_THROWS_WITH_AS(consumer.resize(6), "consumer 'work' can run 5 at once at most",
                                 Error);
            CHECK(consumer.status().cap == 5);
            consumer.resume();
            wait_until([&] { return consumer.status().handled == 2; });
            CHECK(consumer.status().run.count == 2);
            CHECK(consumer.status().wait.count == 2);
            consumer.drain();
        });
    });
    outside.join();
    CHECK(result.reason == StopReason::drained);
    CHECK(result.handled == 2);
}

TEST_CASE("paused, the one that waits for a slot does not start either") {
    ConsumerBench bench;
    bench.push({"wait", "next", "last"});
    std::size_t seen_paused = 0;
    const auto result = bench.run([&](Consumer& consumer) {
        bench.when([&] { return bench.handler.running == 1 && consumer.status().waiting == 2; },
                   [&] { consumer.pause(); });
        bench.when([&] { return consumer.status().state == ConsumerState::paused; },
                   [&] { bench.handler.release(); });
        bench.when([&] { return consumer.status().handled == 1; },
                   [&] {
                       // Everything else that can happen while it is paused happens before.
                       bench.after(1s, [&] {
                           seen_paused = bench.handler.seen.size();
                           consumer.resume();
                       });
                   });
        bench.when([&] { return consumer.status().handled == 3; }, [&] { consumer.drain(); });
    });
    CHECK(seen_paused == 1);
    CHECK(result.handled == 3);
    CHECK(bench.handler.seen == std::vector<std::string>{"wait", "next", "last"});
}

TEST_CASE("what is taken and has no slot waits; more slots take more") {
    ConsumerBench bench;
    for (int i = 0; i < 20; ++i)
        bench.queue.push("wait");
    bench.queue.set_prefetch(5);
    bench.options.slots = 1;
    bench.options.stop.count = 20;
    bench.options.prefetch = [](std::size_t slots, ReadAhead::Amount) {
        return static_cast<std::uint16_t>(slots + 4);
    };
    std::size_t waiting = 0;
    const auto result = bench.run([&](Consumer& consumer) {
        bench.when([&] { return bench.handler.running == 1 && consumer.status().in_flight == 5; },
                   [&] {
                       waiting = consumer.status().waiting;
                       consumer.resize(10);
                   });
        bench.when([&] { return bench.handler.running == 10; }, [&] { bench.handler.release(); });
    });
    CHECK(waiting == 4);
    CHECK(bench.handler.most_running == 10);
    CHECK(result.handled == 20);
}

TEST_CASE("a signal ends it while there is no connection") {
    ConsumerBench away;
    away.push({"ok"});
    away.queue.close_answered = false;
    const auto result = away.run([&](Consumer& consumer) {
        away.when([&] { return consumer.status().handled == 1; }, [&] { away.queue.interrupt(); });
        away.when([&] { return consumer.status().state == ConsumerState::reconnecting; },
                  [&] { away.signal(SIGTERM); });
    });
    CHECK(result.signal == SIGTERM);
    CHECK(result.settled);  // what that connection had is delivered again in any case
}

TEST_CASE("a message on its way is progress, however long it takes") {
    ConsumerBench bench;
    bench.queue.in_transit = true;
    bench.push({"large"});
    SUBCASE("for --idle") {
        bench.options.stop.idle = 30s;
    }
    SUBCASE("for --until-empty") {
        bench.stop_when_empty();
    }
    bench.after(500s, [&] { bench.queue.arrive(); });
    const auto result = bench.run();
    CHECK(result.handled == 1);
    CHECK(bench.elapsed() >= 500s);
    CHECK(bench.elapsed() < 540s);
}

TEST_CASE("a connection lost while messages are counted: they are counted again on the next") {
    ConsumerBench bench;
    bench.queue.in_transit = true;
    bench.stop_when_empty();
    bench.after(10s, [&] { bench.queue.interrupt(); });
    bench.after(20s, [&] {
        bench.queue.arrive();
        bench.queue.push("ok");
        bench.queue.restore();
    });
    const auto result = bench.run();
    CHECK(result.reason == StopReason::queue_empty);
    CHECK(result.handled == 1);
}

TEST_CASE("settlements that the broker did not answer are said to be uncertain") {
    ConsumerBench bench;
    bench.push({"ok"});
    bench.options.stop.count = 1;
    bench.queue.close_answered = false;
    CHECK_FALSE(bench.run().settled);
}
