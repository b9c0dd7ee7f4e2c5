// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/embedded/deaths.hpp"

#include <doctest/doctest.h>

#include <limits>

#include "mq/embedded/table_fields.hpp"

namespace airy::mq::embedded {
namespace {

event::HeaderTable death(const std::string& queue, const std::string& reason) {
    return {{"queue", {queue}}, {"reason", {reason}}};
}

event::HeaderTable deaths(const std::vector<event::HeaderTable>& list) {
    event::HeaderArray array;
    for (const auto& one : list)
        array.push_back({one});
    return {{"x-death", {array}}};
}

}  // namespace

TEST_CASE("the first death of a message, as RabbitMQ tells it") {
    event::Message message;
    message.exchange = "airy.events";
    message.topic = "post.published";
    message.properties.expiration = "50";
    add_death(message, "q", "expired", 1'700'000'000, false);
    CHECK_FALSE(message.properties.expiration);
    CHECK(message.headers ==
          event::HeaderTable{
              {"x-death",
               {event::HeaderArray{{event::HeaderTable{
                   {"count", {std::int64_t{1}}},
                   {"reason", {std::string("expired")}},
                   {"queue", {std::string("q")}},
                   {"time", {event::HeaderTimestamp{1'700'000'000}}},
                   {"exchange", {std::string("airy.events")}},
                   {"routing-keys", {event::HeaderArray{{std::string("post.published")}}}},
                   {"original-expiration", {std::string("50")}}}}}}},
              {"x-first-death-exchange", {std::string("airy.events")}},
              {"x-first-death-queue", {std::string("q")}},
              {"x-first-death-reason", {std::string("expired")}}});
}

TEST_CASE("of CC, texts are routing keys, and nothing else") {
    event::Message message;
    message.topic = "t";
    message.headers = {
        {"CC", {event::HeaderArray{{std::string("u")}, {event::HeaderArray{{true}}}}}}};
    add_death(message, "q", "rejected", 1, true);
    const auto* deaths = find_field(message.headers, "x-death");
    REQUIRE(deaths != nullptr);
    const auto& newest = std::get<event::HeaderArray>(deaths->value).at(0);
    const auto* keys = find_field(std::get<event::HeaderTable>(newest.value), "routing-keys");
    REQUIRE(keys != nullptr);
    CHECK(std::get<event::HeaderArray>(keys->value) ==
          event::HeaderArray{{std::string("t")}, {std::string("u")}});
}

TEST_CASE("the same death again is counted") {
    event::Message message;
    message.exchange = "x";
    message.topic = "t";
    for (int i = 0; i < 3; ++i)
        add_death(message, "q", "rejected", 1, true);
    const auto& list = std::get<event::HeaderArray>(message.headers[0].second.value);
    REQUIRE(list.size() == 1);
    const auto& table = std::get<event::HeaderTable>(list[0].value);
    CHECK(table[0] == event::HeaderField{"count", {std::int64_t{3}}});
}

TEST_CASE("a count that a publisher has made up does not overflow") {
    constexpr auto most = std::numeric_limits<std::int64_t>::max();
    auto known = death("q", "rejected");
    known.push_back({"count", {most}});
    event::Message message;
    message.headers = deaths({known});
    add_death(message, "q", "rejected", 1, true);
    CHECK(message.headers == deaths({{{"count", {most}},
                                      {"queue", {std::string("q")}},
                                      {"reason", {std::string("rejected")}}}}));
}

TEST_CASE("only a way without a rejection is a cycle") {
    CHECK_FALSE(is_cycle({}, "q"));
    CHECK(is_cycle(deaths({death("a", "expired"), death("q", "expired")}), "q"));
    CHECK_FALSE(is_cycle(deaths({death("a", "rejected"), death("q", "expired")}), "q"));
    CHECK_FALSE(is_cycle(deaths({death("a", "expired"), death("q", "rejected")}), "q"));
    CHECK_FALSE(is_cycle(deaths({death("a", "expired")}), "q"));
}

}  // namespace airy::mq::embedded
