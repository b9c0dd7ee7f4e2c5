// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/embedded/publisher.hpp"

#include <doctest/doctest.h>
#include <poll.h>

#include "event/limits.hpp"
#include "mq/embedded/queue_rows.hpp"
#include "temporary_directory.hpp"
#include "util/error.hpp"

namespace airy::mq::embedded {

TEST_CASE("what fails in the middle of a batch confirms nothing that was not stored") {
    const test::TemporaryDirectory directory;
    const auto location = parse_location("sqlite:" + directory.path() + "/airy.db");
    Store store(location);
    Catalogue catalogue;
    std::int64_t queue = 0;
    {
        Change change(store, catalogue);
        QueueSpec spec;
        spec.name = "work";
        queue = create_queue_rows(change, normalized(spec), std::nullopt);
        change.commit();
    }
    PublisherOptions options;
    options.exchange = {"", false};
    EmbeddedPublisher publisher(location, options);
    {
        Change hold(store, catalogue);  // so that all of them wait for one batch
        for (int i = 0; i < 50; ++i) {
            event::Message message;
            message.topic = "work";
            message.body = "{}";
            if (i == 40) message.exchange = "missing";
            REQUIRE(publisher.try_submit(message) != 0);
        }
    }
    std::int64_t confirmed = 0;
    for (bool lost = false; !lost;) {
        pollfd ready{publisher.event_fd(), POLLIN, 0};
        REQUIRE(::poll(&ready, 1, 20'000) == 1);
        for (const auto& event : publisher.take()) {
            if (std::holds_alternative<Confirmed>(event)) ++confirmed;
            lost = lost || std::holds_alternative<Lost>(event);
        }
    }
    Change change(store, catalogue);
    CHECK(change.counts(queue)->ready == confirmed);
}

TEST_CASE("what could not be read again is refused, and the next message is not") {
    const test::TemporaryDirectory directory;
    PublisherOptions options;
    options.mandatory = false;
    EmbeddedPublisher publisher(parse_location("sqlite:" + directory.path() + "/airy.db"), options);
    event::Message message;
    event::HeaderValue value{};
    for (std::size_t depth = 1; depth < event::header_depth_limit; ++depth)
        value = event::HeaderValue{event::HeaderArray{value}};
    message.headers = {{"x", {event::HeaderArray{value}}}};
    message.has_headers = true;
    try {
        publisher.try_submit(message);
        FAIL("it was taken");
    } catch (const Error& error) {
        CHECK(error.kind() == ErrorKind::invalid_event);
    }
    CHECK(publisher.in_flight() == 0);
    message.headers = {{"x", value}};
    CHECK(publisher.try_submit(message) == 1);
    pollfd ready{publisher.event_fd(), POLLIN, 0};
    REQUIRE(::poll(&ready, 1, 20'000) == 1);
    const auto events = publisher.take();
    REQUIRE(events.size() == 1);
    CHECK(std::holds_alternative<Confirmed>(events[0]));
}

}  // namespace airy::mq::embedded
