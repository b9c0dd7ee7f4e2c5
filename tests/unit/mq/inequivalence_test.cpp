// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/amqp/inequivalence.hpp"

#include <doctest/doctest.h>

namespace airy::mq::amqp {
namespace {

std::string about(const std::string& rest) {
    return "cannot declare the queue 'q': the broker says 406 PRECONDITION_FAILED - inequivalent "
           "arg " +
           rest;
}

TEST_CASE("a difference is put in words, and the queue's value into the spec") {
    QueueSpec spec;
    spec.name = "q";
    spec.type = "quorum";
    spec.arguments = {{"x-max-length", {std::int64_t{10}}}};

    SUBCASE("a number") {
        CHECK(adopt_difference(about("'x-max-length' for queue 'q' in vhost '/': received the "
                                     "value '10' of type 'long' but current is the value '5' of "
                                     "type 'signedint'"),
                               spec) == "x-max-length is 5, not 10");
        REQUIRE(spec.arguments.size() == 1);
        CHECK(spec.arguments[0].second == event::HeaderValue{std::int64_t{5}});
    }
    SUBCASE("an argument that the queue does not have") {
        CHECK(adopt_difference(about("'x-max-length' for queue 'q' in vhost '/': received the "
                                     "value '10' of type 'long' but current is none"),
                               spec) == "x-max-length is not set, not 10");
        CHECK(spec.arguments.empty());
    }
    SUBCASE("an argument that is not in the spec, and a quote in the queue's name") {
        CHECK(adopt_difference(about("'x-dead-letter-exchange' for queue 'a': received 'b' in "
                                     "vhost '/': received none but current is the value 'foo' of "
                                     "type 'longstr'"),
                               spec) == "x-dead-letter-exchange is 'foo', not unset");
        CHECK(spec.arguments.back().second == event::HeaderValue{std::string("foo")});
    }
    SUBCASE("the type, and a property of the queue itself") {
        CHECK(adopt_difference(about("'x-queue-type' for queue 'q' in vhost '/': received the "
                                     "value 'quorum' of type 'longstr' but current is none"),
                               spec) == "x-queue-type is not set, not 'quorum'");
        CHECK(spec.type == "classic");
        CHECK(adopt_difference(about("'durable' for queue 'q' in vhost '/': received 'true' but "
                                     "current is 'false'"),
                               spec) == "durable is false, not true");
        CHECK_FALSE(spec.durable);
    }
}

TEST_CASE("a value that a spec cannot take ends the search") {
    QueueSpec spec;
    CHECK_FALSE(adopt_difference("the broker says 404 NOT_FOUND - no queue 'q'", spec));
    CHECK_FALSE(adopt_difference(about("'x-max-length' for queue 'q' in vhost '/': rece"), spec));
    // The same answer again: the search would never end.
    spec.durable = false;
    CHECK_FALSE(adopt_difference(
        about("'durable' for queue 'q' in vhost '/': received 'true' but current is 'false'"),
        spec));
    CHECK_FALSE(adopt_difference(about("'x-args' for queue 'q' in vhost '/': received none but "
                                       "current is the value '[]' of type 'array'"),
                                 spec));
}

}  // namespace
}  // namespace airy::mq::amqp
