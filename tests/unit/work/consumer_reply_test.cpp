// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
// The replies of a consumer, and what becomes of a message whose reply cannot be sent.
#include <doctest/doctest.h>

#include "consumer_bench.hpp"
#include "tests/support/fake_publisher.hpp"
#include "work/replier.hpp"

using namespace airy;
using namespace airy::work;
using namespace airy::test;
using namespace std::chrono_literals;

namespace {

// The scripted handler, which answers each message with its body in brackets.
class AnsweringHandler final : public Handler {
  public:
    explicit AnsweringHandler(ScriptedHandler& script) : script_(script) {}

    std::size_t batch_limit() const noexcept override { return script_.batch_limit(); }
    asio::awaitable<void> handle(std::span<const mq::Delivered> batch,
                                 std::span<HandlerResult> results,
                                 pool::TaskContext& context) override {
        co_await script_.handle(batch, results, context);
        for (std::size_t i = 0; i < batch.size(); ++i)
            results[i].reply = work::HandlerReply{.body = "<" + batch[i].message.body + ">"};
    }
    void ask_to_stop() override { script_.ask_to_stop(); }
    void kill() override { script_.kill(); }

  private:
    ScriptedHandler& script_;
};

struct ReplyBench : ConsumerBench {
    FakePublisher publisher;
    AnsweringHandler answering{handler};
    ReplyOptions form{};

    void ask(const std::string& body, const std::string& address = "answers") {
        mq::Delivered request;
        request.message.topic = "price.quote";
        request.message.body = body;
        request.message.properties.correlation_id = "c-" + body;
        if (!address.empty()) request.message.properties.reply_to = address;
        queue.push(std::move(request));
    }

    ConsumerResult run(const std::function<void(Consumer&)>& before = {}) {
        Replier replier(loop, timers, publisher, form);
        options.replier = &replier;
        auto result = run_with(answering, before);
        replied = replier.sent();
        return result;
    }

    std::vector<std::string> bodies() const {
        std::vector<std::string> all;
        for (const auto& message : publisher.messages)
            all.push_back(message.body);
        return all;
    }
    std::uint64_t replied = 0;
};

std::string words(const event::Message& reply) {
    return std::get<std::string>(reply.headers.at(0).second.value);
}

}  // namespace

TEST_CASE("a message is acked once the broker has its reply, and not before") {
    ReplyBench bench;
    bench.ask("one");
    bench.publisher.answers = false;
    bench.options.stop.count = 1;
    bool early = true;
    const auto result = bench.run([&](Consumer&) {
        bench.when([&] { return bench.publisher.messages.size() == 1; },
                   [&] {
                       bench.after(10s, [&] {
                           early = !bench.queue.acked().empty();
                           bench.publisher.answer();
                       });
                   });
    });
    CHECK_FALSE(early);
    CHECK(result.handled == 1);
    CHECK(bench.bodies() == std::vector<std::string>{"<one>"});
    CHECK(bench.publisher.messages[0].topic == "answers");
    CHECK(bench.publisher.messages[0].properties.correlation_id == "c-one");
    CHECK(bench.replied == 1);
    CHECK(bench.elapsed() == 10s);
}

TEST_CASE("messages without an address, and those that come again, get no reply") {
    ReplyBench bench;
    bench.ask("plain", "");
    bench.ask("retry");
    bench.ask("requeue");
    bench.run([&](Consumer& consumer) {
        bench.when([&] { return bench.queue.requeued().size() == 3; }, [&] { consumer.drain(); });
    });
    CHECK(bench.publisher.messages.empty());
    CHECK(bench.queue.acked() == std::vector<std::string>{"plain"});
    CHECK(bench.queue.retried() == std::vector<std::string>{"retry"});
}

TEST_CASE("a message that is given up: its requester learns the reason before") {
    ReplyBench bench;
    bench.ask("reject");
    bench.options.stop.count = 1;
    const auto result = bench.run();
    CHECK(result.dead_lettered == 1);
    REQUIRE(bench.publisher.messages.size() == 1);
    CHECK(bench.publisher.messages[0].body.empty());
    CHECK(words(bench.publisher.messages[0]) == "because");
}

TEST_CASE("discarded is given up as well") {
    ReplyBench bench;
    bench.ask("retry");
    bench.options.retry.on_error = OnError::discard;
    bench.options.stop.count = 1;
    CHECK(bench.run().discarded == 1);
    REQUIRE(bench.publisher.messages.size() == 1);
    CHECK(words(bench.publisher.messages[0]) == "because");
}

TEST_CASE("a reply that is too long: the message is given up, its requester told") {
    ReplyBench bench;
    bench.ask("long");
    bench.ask("s");
    bench.form.most_bytes = 3;
    bench.options.stop.count = 2;
    const auto result = bench.run();
    CHECK(result.dead_lettered == 1);
    CHECK(result.handled == 1);
    REQUIRE(bench.publisher.messages.size() == 2);
    CHECK(words(bench.publisher.messages[0]) == "its reply is longer than 3 bytes");
    CHECK(bench.publisher.messages[1].body == "<s>");
}

TEST_CASE("a reply that the broker refuses is a failed attempt") {
    ReplyBench bench;
    bench.ask("one");
    bench.publisher.refusal = "";
    bench.options.stop.idle = 20s;
    bench.options.stop.queue_empty = true;
    const auto result = bench.run();
    CHECK(result.handled == 0);
    CHECK(bench.queue.acked().empty());
    CHECK(bench.queue.retried() == std::vector<std::string>{"one"});
    CHECK(bench.replied == 0);
}

TEST_CASE("a reply that no broker takes: the message is given up") {
    ReplyBench bench;
    bench.ask("one");
    bench.options.stop.count = 1;
    SUBCASE("the broker closes the channel for it") {
        bench.publisher.refusal = "406 too large";
    }
    SUBCASE("the protocol cannot hold it") {
        bench.publisher.cannot_hold = Error(ErrorKind::undelivered, "406 too large");
    }
    const auto result = bench.run();
    CHECK(result.dead_lettered == 1);
    CHECK(bench.queue.acked().empty());
}

TEST_CASE("a user who may not reply: the message goes back, the consumer ends and says why") {
    ReplyBench bench;
    bench.ask("one");
    bench.publisher.refusal = "403 ACCESS_REFUSED";
    bench.publisher.forbids = true;
    const auto result = bench.run();
    REQUIRE(result.error);
    CHECK(result.error->reason() == Reason::access_refused);
    CHECK(bench.queue.acked().empty());
    CHECK(bench.queue.ready() == 1);
    CHECK(result.dead_lettered + result.retried == 0);
}

TEST_CASE("no reply can be sent any more: the message goes back, the consumer ends") {
    ReplyBench bench;
    bench.ask("one");
    bench.publisher.answers = false;
    const auto result = bench.run([&](Consumer&) {
        bench.when([&] { return bench.publisher.messages.size() == 1; },
                   [&] { bench.publisher.lose(); });
    });
    REQUIRE(result.error);
    CHECK(result.error->kind() == ErrorKind::unreachable);
    CHECK(bench.queue.acked().empty());
    CHECK(bench.queue.ready() == 1);
}

TEST_CASE("a broker that does not confirm for 30 s: the message is tried again") {
    ReplyBench bench;
    bench.ask("one");
    bench.publisher.answers = false;
    bench.options.stop.idle = 60s;
    std::chrono::nanoseconds waited{};
    const auto result = bench.run([&](Consumer&) {
        bench.when([&] { return bench.queue.retried().size() == 1; },
                   [&] {
                       waited = bench.elapsed();
                       bench.publisher.answer();  // too late
                   });
    });
    CHECK(waited == 30s);
    CHECK(bench.queue.retried() == std::vector<std::string>{"one"});
    CHECK(result.handled == 0);
}

TEST_CASE("a reply that is still on its way to the broker is not late") {
    ReplyBench bench;
    bench.ask("one");
    bench.publisher.answers = false;
    bench.options.stop.count = 1;
    const auto result = bench.run([&](Consumer&) {
        for (const auto at : {20s, 50s, 80s})
            bench.after(at, [&] { bench.publisher.bytes += 1'000'000; });
        bench.after(100s, [&] { bench.publisher.answer(); });
    });
    CHECK(result.handled == 1);
    CHECK(bench.elapsed() == 100s);
}

TEST_CASE("while the broker blocks publishers, a reply waits for as long") {
    ReplyBench bench;
    bench.ask("one");
    bench.publisher.answers = false;
    bench.options.stop.count = 1;
    const auto result = bench.run([&](Consumer&) {
        bench.when([&] { return bench.publisher.messages.size() == 1; },
                   [&] {
                       bench.publisher.tell(mq::Blocked{"memory"});
                       bench.after(600s, [&] {
                           bench.publisher.tell(mq::Unblocked{});
                           bench.publisher.answer();
                       });
                   });
    });
    CHECK(result.handled == 1);
    CHECK(bench.elapsed() == 600s);
}

TEST_CASE("a drain does not wait for a broker that does not confirm: the message goes back") {
    ReplyBench bench;
    bench.ask("one");
    bench.publisher.answers = false;
    bench.options.drain = 5s;
    const auto result = bench.run([&](Consumer& consumer) {
        bench.when([&] { return bench.publisher.messages.size() == 1; }, [&] { consumer.drain(); });
    });
    CHECK(bench.queue.acked().empty());
    CHECK(bench.queue.ready() == 1);
    CHECK(result.cut_short == 1);
    CHECK(result.retried == 0);
    CHECK(bench.elapsed() == 6s);
}

TEST_CASE("a drain waits for a reply that is on its way") {
    ReplyBench bench;
    bench.ask("one");
    bench.publisher.answers = false;
    const auto result = bench.run([&](Consumer& consumer) {
        bench.when([&] { return bench.publisher.messages.size() == 1; },
                   [&] {
                       consumer.drain();
                       bench.after(3s, [&] { bench.publisher.answer(); });
                   });
    });
    CHECK(result.handled == 1);
    CHECK(bench.queue.acked() == std::vector<std::string>{"one"});
}

TEST_CASE("a connection lost while a reply is on its way: the message comes again") {
    ReplyBench bench;
    bench.ask("one");
    bench.publisher.answers = false;
    bench.options.stop.count = 1;
    const auto result = bench.run([&](Consumer&) {
        bench.when([&] { return bench.publisher.messages.size() == 1; },
                   [&] {
                       bench.queue.interrupt();
                       bench.publisher.tell(mq::Interrupted{});
                       bench.queue.restore();
                       bench.publisher.tell(mq::Restored{});
                       bench.publisher.answers = true;
                       bench.publisher.answer();
                   });
    });
    CHECK(result.handled == 1);
    CHECK(bench.bodies() == std::vector<std::string>{"<one>", "<one>"});
    CHECK(bench.queue.acked() == std::vector<std::string>{"one"});
}

TEST_CASE("replies of a batch, more than the window holds, each in its order") {
    ReplyBench bench;
    bench.handler.limit = 50;
    bench.publisher.window = 7;
    bench.publisher.answers = false;
    std::vector<std::string> expected;
    for (int i = 0; i < 50; ++i) {
        bench.ask(std::to_string(i));
        expected.push_back("<" + std::to_string(i) + ">");
    }
    bench.options.stop.count = 50;
    const auto result = bench.run([&](Consumer&) {
        for (int i = 0; i < 20; ++i)
            bench.when([&] { return bench.publisher.in_flight() > 0; },
                       [&] { bench.publisher.answer(); });
    });
    CHECK(result.handled == 50);
    CHECK(bench.bodies() == expected);
    CHECK(bench.queue.acked().size() == 50);
}
