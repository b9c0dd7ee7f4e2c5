// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
// Queues as the file holds them, by a clock that is moved by hand.
#include "mq/embedded/messages.hpp"

#include <doctest/doctest.h>

#include "manual_clock.hpp"
#include "mq/embedded/expiry.hpp"
#include "mq/embedded/queue_rows.hpp"
#include "temporary_directory.hpp"

namespace airy::mq::embedded {
namespace {

using namespace std::chrono_literals;

class Queues {
  public:
    void declare(const std::string& name, event::HeaderTable arguments = {}) {
        QueueSpec spec;
        spec.name = name;
        spec.arguments = std::move(arguments);
        Change change(store_, catalogue_);
        create_queue_rows(change, normalized(spec), std::nullopt);
        change.commit();
    }
    void put(const std::string& queue, const std::string& body) {
        Change change(store_, catalogue_);
        const std::string meta(1, '\0');  // no properties
        put_message(change, counts(change, queue), {"", queue, meta, body});
        change.commit();
    }
    std::vector<std::string> ready(const std::string& queue) {
        Change change(store_, catalogue_);
        std::vector<std::string> bodies;
        for (const auto& message : ready_messages(change, counts(change, queue), 100))
            bodies.push_back(message.body);
        return bodies;
    }
    std::int64_t unacked(const std::string& queue) {
        Change change(store_, catalogue_);
        return counts(change, queue).unacked;
    }
    void pass_time(std::chrono::milliseconds time) {
        clock_.advance(time);
        catch_up(store_, catalogue_);
    }

  private:
    static QueueCounts& counts(Change& change, const std::string& queue) {
        return *change.counts(change.catalogue().queue(queue)->id);
    }

    test::TemporaryDirectory directory_;
    test::ManualClock clock_;
    Store store_{parse_location("sqlite:" + directory_.path() + "/airy.db"), clock_};
    Catalogue catalogue_;
};

event::HeaderTable delay_to(const std::string& queue, bool at_least_once) {
    event::HeaderTable arguments = {{"x-message-ttl", {std::int64_t{1000}}},
                                    {"x-dead-letter-exchange", {std::string()}},
                                    {"x-dead-letter-routing-key", {queue}}};
    if (at_least_once) {
        arguments.push_back({"x-dead-letter-strategy", {std::string("at-least-once")}});
        arguments.push_back({"x-overflow", {std::string("reject-publish")}});
    }
    return arguments;
}

using Bodies = std::vector<std::string>;

}  // namespace

TEST_CASE("a delayed message moves when its time has come, and not before") {
    Queues queues;
    queues.declare("work");
    queues.declare("later", delay_to("work", true));
    queues.put("later", "a");
    queues.pass_time(500ms);
    queues.put("later", "b");
    queues.pass_time(499ms);
    CHECK(queues.ready("later") == Bodies{"a", "b"});
    queues.pass_time(1ms);
    CHECK(queues.ready("work") == Bodies{"a"});
    queues.pass_time(500ms);
    CHECK(queues.ready("work") == Bodies{"a", "b"});
    CHECK(queues.ready("later").empty());
}

TEST_CASE("a dead letter that no queue takes is gone, or stays until one does") {
    Queues queues;
    queues.declare("once", delay_to("missing", false));
    queues.declare("safe", delay_to("missing", true));
    queues.put("once", "lost");
    queues.put("safe", "kept");
    queues.pass_time(1000ms);
    CHECK(queues.ready("safe").empty());
    CHECK(queues.unacked("safe") == 1);
    CHECK(queues.unacked("once") == 0);
    queues.pass_time(60s);
    CHECK(queues.unacked("safe") == 1);
    queues.declare("missing");
    queues.pass_time(1000ms);
    CHECK(queues.ready("missing") == Bodies{"kept"});
    CHECK(queues.unacked("safe") == 0);
}

TEST_CASE("many letters that find no place wait, and hold nobody up") {
    Queues queues;
    queues.declare("wait", delay_to("work", true));
    const int letters = 450;  // more than twice what one change takes up
    for (int i = 0; i < letters; ++i)
        queues.put("wait", std::to_string(i));
    queues.pass_time(1s);
    CHECK(queues.unacked("wait") == letters);
    queues.declare("work");
    queues.pass_time(1s);
    CHECK(queues.unacked("wait") == 0);
    CHECK(queues.ready("work").size() == 100);  // as many as ready() shows
}

}  // namespace airy::mq::embedded
