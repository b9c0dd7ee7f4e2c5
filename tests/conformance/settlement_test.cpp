// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "fixture.hpp"

// How every broker carries out the settlements of mq::WorkQueue.
namespace airy::mq {
namespace {

FailureAccount account(std::string why = "attempts") {
    return {std::move(why), "db is down", 75, util::system_clock().now()};
}

// A work queue of this name with its other queues; deletes them all at the end.
class WorkFixture : public Fixture {
  public:
    explicit WorkFixture(const std::string& type = "quorum") {
        spec_.name = fresh("work");
        spec_.exchange = exchange();
        spec_.patterns = {"post.*"};
        spec_.type = type;
        queues_.push_back(spec_.name);
        queues_.push_back(spec_.dead_letter_queue());
    }
    ~WorkFixture() {
        for (const auto& queue : queues_) {
            try {
                broker().topology()->delete_queue(queue, false, false);
            } catch (const Error&) {
            }
        }
    }

    std::unique_ptr<WorkQueue> open() {
        auto queue = broker().open_work_queue(spec_);
        queue->begin();
        return queue;
    }
    WorkQueueSpec& spec() { return spec_; }
    void clean_up_retries(std::chrono::milliseconds delay) {
        queues_.push_back(spec_.retry_queue(delay));
    }
    void push(const std::string& body) { publish(*publisher(), {message("post.published", body)}); }

    std::vector<Delivered> dead_letters(std::size_t count) {
        REQUIRE(becomes_ready(*this, spec_.dead_letter_queue(), count));
        const auto subscription = subscribe(spec_.dead_letter_queue());
        return deliveries(*subscription, count);
    }

  private:
    WorkQueueSpec spec_;
    std::vector<std::string> queues_;
};

Delivered next(WorkQueue& queue) {
    for (auto& event : take_until(queue, [](const auto& events) { return !events.empty(); }))
        if (auto* delivered = std::get_if<Delivered>(&event)) return std::move(*delivered);
    FAIL("no message came");
    return {};
}

Settled outcome(WorkQueue& queue) {
    for (const auto& event :
         take_until(queue, [](const auto& events) { return !events.empty(); })) {
        if (const auto* settled = std::get_if<Settled>(&event)) return *settled;
        if (const auto* failed = std::get_if<NotSettled>(&event)) FAIL(failed->error.what());
    }
    FAIL("no outcome came");
    return {};
}

std::string text(const event::Message& message, std::string_view name) {
    for (const auto& [key, value] : message.headers)
        if (key == name) {
            if (const auto* words = std::get_if<std::string>(&value.value)) return *words;
            if (const auto* number = std::get_if<std::int64_t>(&value.value))
                return std::to_string(*number);
        }
    return "none";
}

constexpr std::chrono::milliseconds soon{200};

}  // namespace

TEST_CASE("an acknowledged message is gone") {
    WorkFixture fixture;
    const auto queue = fixture.open();
    fixture.push("{}");
    const auto delivered = next(*queue);
    CHECK(delivered.attempt() == 1);
    CHECK(delivered.attempts == 0);
    CHECK(delivered.returns == 0);
    CHECK_FALSE(delivered.first_failed_at);
    queue->settle(delivered, Ack{});
    CHECK(queue->close(close_deadline));
    CHECK(ready(fixture, fixture.spec().name) == 0);
}

TEST_CASE("a message to be retried comes again after the delay, as it was, with one attempt more") {
    for (const char* type : {"quorum", "classic"}) {
        CAPTURE(type);
        WorkFixture fixture(type);
        fixture.clean_up_retries(soon);
        const auto queue = fixture.open();
        auto sent = fixture.message("post.published", R"({"n":1})");
        sent.properties.message_id = "id-1";
        sent.properties.expiration = "600000";
        sent.has_headers = true;
        sent.headers = {{"trace", {std::int32_t{7}}}};
        publish(*fixture.publisher(), {sent});
        auto delivered = next(*queue);
        for (unsigned attempt = 1; attempt <= 2; ++attempt) {
            const auto begun = std::chrono::steady_clock::now();
            queue->settle(delivered, RetryAfter{soon, account()});
            const auto settled = outcome(*queue);
            CHECK(settled.handle == delivered.handle);
            CHECK(settled.confirmed_after.has_value());
            delivered = next(*queue);
            CHECK(std::chrono::steady_clock::now() - begun >= soon * 0.9);
            CHECK(delivered.attempts == attempt);
            CHECK(delivered.first_failed_at.has_value());
            CHECK(delivered.message.topic == "post.published");
            CHECK(delivered.message.exchange == fixture.exchange());
            CHECK(delivered.message.body == R"({"n":1})");
            CHECK(delivered.message.properties == sent.properties);
            const auto* trace = field(delivered.message.headers, "trace");
            REQUIRE(trace != nullptr);
            CHECK(*trace == sent.headers.front().second);
        }
        queue->settle(delivered, Ack{});
        CHECK(queue->close(close_deadline));
        CHECK(ready(fixture, fixture.spec().name) == 0);
    }
}

TEST_CASE("a retry of any delay shares the retry queue of the delay that it may take at most") {
    WorkFixture fixture;
    const auto most = 4 * soon;
    fixture.clean_up_retries(most);
    const auto queue = fixture.open();
    fixture.push(R"({"n":3})");
    auto delivered = next(*queue);
    for (const auto delay : {soon, 2 * soon}) {
        const auto begun = std::chrono::steady_clock::now();
        queue->settle(delivered, RetryAfter{delay, account(), most});
        outcome(*queue);
        delivered = next(*queue);
        CHECK(std::chrono::steady_clock::now() - begun >= delay);
    }
    CHECK(ready(fixture, fixture.spec().retry_queue(most)) == 0);
    CHECK_THROWS_AS(ready(fixture, fixture.spec().retry_queue(soon)), Error);
    CHECK(delivered.attempts == 2);
    queue->settle(delivered, Ack{});
    CHECK(queue->close(close_deadline));
}

TEST_CASE("a dead letter keeps the message and tells of its death") {
    WorkFixture fixture;
    const auto queue = fixture.open();
    fixture.push(R"({"n":2})");
    const auto delivered = next(*queue);
    queue->settle(delivered, DeadLetter{account("rejected")});
    CHECK(outcome(*queue).handle == delivered.handle);
    CHECK(queue->close(close_deadline));
    CHECK(ready(fixture, fixture.spec().name) == 0);
    const auto letters = fixture.dead_letters(1);
    REQUIRE(letters.size() == 1);
    const auto& letter = letters.front().message;
    CHECK(letter.body == R"({"n":2})");
    CHECK(text(letter, "x-airy-reason") == "rejected");
    CHECK(text(letter, "x-airy-error") == "db is down");
    CHECK(text(letter, "x-airy-exit") == "75");
    CHECK(text(letter, "x-airy-attempts") == "1");
    CHECK(text(letter, "x-airy-topic") == "post.published");
    const auto told = fixture.broker().account_of(letters.front());
    CHECK(told.reason == "rejected");
    util::SignalFd signals;
    const auto see = [](const Delivered& seen) {
        CHECK(seen.attempts == 1);
        CHECK(seen.first_failed_at.has_value());
        REQUIRE(seen.origin);
        CHECK(seen.origin->topic == "post.published");
        return true;
    };
    const auto dead = fixture.spec().dead_letter_queue();
    REQUIRE(becomes_ready(fixture, dead, 1));
    CHECK(fixture.broker().look_into(dead, 0, see, signals).seen == 1);
    CHECK_FALSE(told.failed_at.empty());
}

TEST_CASE("a message that is put back comes again at once and counts the return") {
    for (const char* type : {"quorum", "classic"}) {
        CAPTURE(type);
        WorkFixture fixture(type);
        const auto queue = fixture.open();
        fixture.push("{}");
        auto delivered = next(*queue);
        for (unsigned returns = 1; returns <= 3; ++returns) {
            queue->settle(delivered, Requeue{});
            delivered = next(*queue);
            CHECK(delivered.redelivered);
            CHECK(delivered.returns == returns);
            CHECK(delivered.attempts == 0);
        }
        queue->settle(delivered, Ack{});
        CHECK(queue->close(close_deadline));
    }
}

TEST_CASE("a deleted dead-letter queue is made again for the next dead letter") {
    WorkFixture fixture;
    const auto queue = fixture.open();
    fixture.push("1");
    queue->settle(next(*queue), DeadLetter{account()});
    outcome(*queue);
    fixture.topology().delete_queue(fixture.spec().dead_letter_queue(), false, false);
    fixture.push("2");
    queue->settle(next(*queue), DeadLetter{account()});
    outcome(*queue);
    CHECK(queue->close(close_deadline));
    const auto letters = fixture.dead_letters(1);
    REQUIRE(letters.size() == 1);
    CHECK(letters.front().message.body == "2");
}

TEST_CASE("a dead letter that is on its way at the end is kept once, whichever way it takes") {
    for (int i = 0; i < 5; ++i) {
        WorkFixture fixture;
        const auto queue = fixture.open();
        fixture.push("{}");
        queue->settle(next(*queue), DeadLetter{account()});
        CHECK(queue->close(close_deadline));
        bool settled = false;
        for (const auto& event : queue->take())
            settled = settled || std::holds_alternative<Settled>(event);
        CHECK(settled);
        CHECK(becomes_ready(fixture, fixture.spec().dead_letter_queue(), 1));
        CHECK(ready(fixture, fixture.spec().name) == 0);
    }
}

TEST_CASE("unsettled messages go back at the end") {
    WorkFixture fixture;
    const auto queue = fixture.open();
    fixture.push("{}");
    next(*queue);
    queue->stop();
    CHECK(queue->close(close_deadline));
    CHECK(becomes_ready(fixture, fixture.spec().name, 1));
}

TEST_CASE("an ephemeral queue has neither retries nor dead letters, and goes with its consumer") {
    WorkFixture fixture;
    fixture.spec().ephemeral = true;
    const auto queue = fixture.open();
    CHECK_FALSE(queue->retries());
    CHECK(queue->delivery_limit() == 0);
    fixture.push("{}");
    const auto delivered = next(*queue);
    queue->settle(delivered, DeadLetter{account()});
    CHECK(outcome(*queue).handle == delivered.handle);
    CHECK(queue->close(close_deadline));
    CHECK(fails_with(ErrorKind::not_found, [&] { ready(fixture, fixture.spec().name); }));
    CHECK(fails_with(ErrorKind::not_found,
                     [&] { ready(fixture, fixture.spec().dead_letter_queue()); }));
}

TEST_CASE("with `declare` off the queue is not declared, and need not be airy's") {
    WorkFixture fixture;
    fixture.spec().declare = false;
    CHECK(fails_with(ErrorKind::not_found, [&] { fixture.open(); }));
    fixture.spec().name = fixture.queue("post.*");
    const auto queue = fixture.open();
    CHECK(queue->delivery_limit() == (fixture.is_rabbitmq_4() ? default_delivery_limit : 0));
    CHECK(queue->retries());
    fixture.push("{}");
    queue->settle(next(*queue), Ack{});
    CHECK(queue->close(close_deadline));
}

TEST_CASE("a queue that is there with other properties is refused") {
    WorkFixture fixture;
    fixture.spec().name = fixture.queue("post.*");
    CHECK(fails_with(ErrorKind::not_found, [&] { fixture.open(); }));
}

TEST_CASE("dead letters are moved back to work as their original messages") {
    WorkFixture fixture;
    fixture.spec().prefetch = 1;  // one delivery at a time, as `next` takes them
    util::SignalFd signals;
    const auto queue = fixture.open();
    for (const char* body : {"1", "2", "3"}) {
        fixture.push(body);
        queue->settle(next(*queue), DeadLetter{account()});
        outcome(*queue);
    }
    REQUIRE(becomes_ready(fixture, fixture.spec().dead_letter_queue(), 3));
    Transfer what;
    what.from = fixture.spec().dead_letter_queue();
    what.to = fixture.spec().name;
    what.as = TransferAs::work;
    what.limit = 2;
    CHECK(fixture.broker().transfer(what, signals).moved == 2);
    for (const char* body : {"1", "2"}) {
        const auto delivered = next(*queue);
        CHECK(delivered.message.body == body);
        CHECK(delivered.message.topic == "post.published");
        CHECK(delivered.attempts == 0);
        queue->settle(delivered, Ack{});
    }
    CHECK(queue->close(close_deadline));
    CHECK(becomes_ready(fixture, fixture.spec().dead_letter_queue(), 1));
}

}  // namespace airy::mq
