// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/amqp/suspects.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <optional>

using airy::mq::amqp::Ending;
using airy::mq::amqp::Suspects;

namespace {

struct Search {
    int endings = 0;
    int copies_of_the_first = 0;
    std::uint64_t found = 0;
};

// Sends the messages 1 to `last` in a window to a broker that ends the way for `bad` and loses the
// confirms of all that was on it together; one message alone is confirmed.
Search search(Ending ending, std::uint64_t bad, std::uint64_t last, std::uint64_t window) {
    Suspects suspects;
    Search search;
    std::uint64_t oldest = 1;
    while (search.endings < 50) {
        const auto newest =
            suspects.must_go_alone(oldest) ? oldest : std::min(oldest + window - 1, last);
        if (oldest == 1) ++search.copies_of_the_first;
        if (newest < bad) {
            oldest = newest + 1;
            continue;
        }
        ++search.endings;
        if (!suspects.ended(ending, oldest, newest)) continue;
        search.found = oldest;
        break;
    }
    return search;
}

}  // namespace

TEST_CASE("a closed channel: one look at the messages on the way finds the cause") {
    const auto in_the_middle = search(Ending::channel, 4, 6, 1000);
    CHECK(in_the_middle.found == 4);
    CHECK(in_the_middle.endings == 2);
    CHECK(in_the_middle.copies_of_the_first == 2);
    CHECK(search(Ending::channel, 1, 6, 1000).endings == 2);
    CHECK(search(Ending::channel, 6, 6, 1).endings == 1);
}

TEST_CASE("a closed connection: a window of one after the second time at one message") {
    const auto in_the_middle = search(Ending::connection, 4, 6, 1000);
    CHECK(in_the_middle.found == 4);
    CHECK(in_the_middle.endings == 4);
    CHECK(in_the_middle.copies_of_the_first == 3);
    CHECK(search(Ending::connection, 3, 6, 1).endings == 2);
}

TEST_CASE("a connection lost without a word needs more of them") {
    CHECK(search(Ending::silent, 4, 6, 1000).endings == 7);
    CHECK(search(Ending::silent, 4, 6, 1000).found == 4);
}

TEST_CASE("endings that no message causes are not counted") {
    CHECK(search(Ending::unrelated, 4, 6, 1000).endings == 50);
    Suspects suspects;
    CHECK_FALSE(suspects.ended(Ending::connection, 4, 9));
    CHECK_FALSE(suspects.ended(Ending::unrelated, 4, 9));
    CHECK_FALSE(suspects.must_go_alone(4));
}

TEST_CASE("progress between endings clears the messages behind") {
    Suspects suspects;
    for (std::uint64_t oldest = 1; oldest < 100; ++oldest) {
        CHECK_FALSE(suspects.ended(Ending::connection, oldest, oldest + 10));
        CHECK_FALSE(suspects.must_go_alone(oldest));
    }
    CHECK_FALSE(suspects.ended(Ending::connection, 99, 109));
    CHECK(suspects.must_go_alone(109));
    CHECK_FALSE(suspects.must_go_alone(110));
}
