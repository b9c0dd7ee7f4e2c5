// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/embedded/queue_policy.hpp"

#include <doctest/doctest.h>

#include "event/limits.hpp"
#include "util/error.hpp"

namespace airy::mq::embedded {

TEST_CASE("what a queue's arguments may be, and how two queues differ") {
    QueueSpec spec;
    spec.arguments = {{"x-queue-type", {std::string("classic")}},
                      {"x-max-length", {std::int8_t{5}}}};
    const auto made = normalized(spec);
    CHECK(made.type == "classic");
    CHECK(made.arguments.size() == 1);
    auto wider = made;
    wider.arguments = {{"x-max-length", {std::int64_t{5}}}};
    CHECK(differences(made, wider).empty());
    wider.durable = false;
    wider.arguments.push_back({"x-message-ttl", {std::int64_t{1}}});
    CHECK(differences(made, wider) ==
          std::vector<std::string>{"durable is true, not false", "x-message-ttl is none, not 1"});
    event::HeaderValue deep{};
    for (std::size_t depth = 0; depth < event::header_depth_limit; ++depth)
        deep = event::HeaderValue{event::HeaderArray{deep}};
    for (const auto& wrong : event::HeaderTable{{"x-message-ttl", {std::int64_t{-1}}},
                                                {"x-expires", {std::int64_t{0}}},
                                                {"x-overflow", {std::string("drop")}},
                                                {"x-dead-letter-routing-key", {std::string("k")}},
                                                {"x-single-active-consumer", {std::int64_t{1}}},
                                                {"x-queue-type", {std::string("stream")}},
                                                {"x-of-another-program", deep}}) {
        CAPTURE(wrong.first);
        spec.arguments = {wrong};
        CHECK_THROWS_AS(normalized(spec), Error);
    }
    spec.arguments = {{"x-max-priority", {std::int64_t{9}}}};
    spec.type = "quorum";
    CHECK_THROWS_AS(normalized(spec), Error);
    spec.type = "classic";
    CHECK(policy_of(spec.type, normalized(spec).arguments).max_priority == 9);
    spec.arguments = {{"x-single-active-consumer", {true}}};
    CHECK(policy_of(spec.type, normalized(spec).arguments).single_active);
}

}  // namespace airy::mq::embedded
