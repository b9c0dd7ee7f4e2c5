// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/embedded/lease_book.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>

using namespace airy;
using mq::DeliveryHandle;
using mq::Disposition;
using mq::embedded::LeaseBook;
using namespace std::chrono_literals;

namespace {

using Way = LeaseBook::Way;
using Departures = std::vector<LeaseBook::Departure>;
using Runs = std::vector<LeaseBook::Run>;
using Keys = std::vector<std::int64_t>;

const util::SteadyTime start{};
constexpr std::uint64_t part = 7;

// The book numbers its deliveries from 1 on.
DeliveryHandle delivery(std::uint64_t number) {
    return {part, number};
}

// A book that has taken the keys 101, 102, … as one lease.
LeaseBook book_with(std::uint16_t prefetch, std::int64_t messages) {
    LeaseBook book(part, prefetch, 5ms);
    for (std::int64_t i = 1; i <= messages; ++i)
        book.take(100 + i, 101);
    return book;
}

bool nothing_in(const LeaseBook::Settlements& settlements) {
    return settlements.departures.empty() && settlements.acknowledged.empty() &&
           settlements.ended.empty();
}

enum class Step { ack, requeue, reject, set_aside, stored, other_part, unknown_number };

void take_step(LeaseBook& book, Step step) {
    switch (step) {
        case Step::ack:
            return book.settle(delivery(1), Disposition::ack, start);
        case Step::requeue:
            return book.settle(delivery(1), Disposition::requeue, start);
        case Step::reject:
            return book.settle(delivery(1), Disposition::reject, start);
        case Step::set_aside:
            return book.set_aside(delivery(1), start);
        case Step::stored:
            return book.stored();
        case Step::other_part:
            return book.settle({part + 1, 1}, Disposition::ack, start);
        case Step::unknown_number:
            return book.settle(delivery(2), Disposition::ack, start);
    }
}

// The state of the only message, as the book shows it from outside.
std::string state_of(const LeaseBook& book) {
    const auto pending = book.pending();
    if (book.open() == 1) return nothing_in(pending) ? "open" : "open and pending";
    if (pending.acknowledged == Runs{{101, 101}}) return "ack";
    if (pending.departures == Departures{{101, Way::requeue}}) return "requeue";
    if (pending.departures == Departures{{101, Way::reject}}) return "reject";
    if (pending.departures == Departures{{101, Way::set_aside}}) return "set_aside";
    return nothing_in(pending) ? "gone" : "something else";
}

}  // namespace

TEST_CASE("every step from every state of a message") {
    constexpr std::array settling{Step::ack, Step::requeue, Step::reject, Step::set_aside};
    struct Row {
        std::optional<Step> before;  // leads from `open` to the state
        std::string state;
        std::map<Step, std::string> leads_to;  // a step that is not named changes nothing
    };
    const std::vector<Row> rows{
        {std::nullopt,
         "open",
         {{Step::ack, "ack"},
          {Step::requeue, "requeue"},
          {Step::reject, "reject"},
          {Step::set_aside, "set_aside"}}},
        {Step::ack, "ack", {{Step::stored, "gone"}}},
        {Step::requeue, "requeue", {{Step::stored, "gone"}}},
        {Step::reject, "reject", {{Step::stored, "gone"}}},
        {Step::set_aside, "set_aside", {{Step::stored, "gone"}}},
    };
    for (const auto& row : rows)
        for (const auto step : {Step::ack, Step::requeue, Step::reject, Step::set_aside,
                                Step::stored, Step::other_part, Step::unknown_number}) {
            auto book = book_with(10, 1);
            if (row.before) take_step(book, *row.before);
            REQUIRE(state_of(book) == row.state);
            take_step(book, step);
            const auto leads_to = row.leads_to.find(step);
            CAPTURE(row.state);
            CAPTURE(static_cast<int>(step));
            CHECK(state_of(book) ==
                  (leads_to == row.leads_to.end() ? row.state : leads_to->second));
        }
    for (const auto first : settling)
        for (const auto second : settling) {
            auto book = book_with(10, 1);
            take_step(book, first);
            take_step(book, Step::stored);
            take_step(book, second);
            CHECK(state_of(book) == "gone");
        }
}

TEST_CASE("deliveries are numbered in the order of taking and name their part") {
    LeaseBook book(part, 10, 5ms);
    CHECK(book.take(101, 101) == delivery(1));
    CHECK(book.take(102, 101) == delivery(2));
    CHECK(book.take(55, 0) == delivery(3));
    book.settle(delivery(3), Disposition::ack, start);
    CHECK(book.pending().acknowledged == Runs{{55, 55}});
}

TEST_CASE("a settlement of a lost part does not settle the same number of this one") {
    auto old = book_with(10, 1);
    LeaseBook book(part + 1, 10, 5ms);
    const auto now_held = book.take(101, 101);
    CHECK(now_held.number == 1);
    book.settle(delivery(1), Disposition::ack, start);
    book.set_aside(delivery(1), start);
    CHECK(book.open() == 1);
    CHECK(nothing_in(book.pending()));
    CHECK_FALSE(book.due(start + 1h));
    book.settle(now_held, Disposition::ack, start);
    CHECK(book.open() == 0);
    CHECK(old.open() == 1);
}

TEST_CASE("acknowledged keys become ascending runs, in whichever order they were settled") {
    struct Row {
        std::vector<std::uint64_t> settled;
        Runs runs;
    };
    const std::vector<Row> rows{
        {{}, {}},
        {{1}, {{101, 101}}},
        {{2, 1, 3}, {{101, 103}}},
        {{5, 1, 3}, {{101, 101}, {103, 103}, {105, 105}}},
        {{6, 5, 2, 1}, {{101, 102}, {105, 106}}},
        {{1, 2, 3, 4, 5, 6}, {{101, 106}}},
    };
    for (const auto& row : rows) {
        auto book = book_with(100, 6);
        for (const auto number : row.settled)
            book.settle(delivery(number), Disposition::ack, start);
        CHECK(book.pending().acknowledged == row.runs);
        CHECK(book.open() == 6 - row.settled.size());
    }
}

TEST_CASE("departures keep the order of settlement and split the runs of acknowledgements") {
    auto book = book_with(100, 5);
    book.settle(delivery(4), Disposition::requeue, start);
    book.settle(delivery(1), Disposition::ack, start);
    book.settle(delivery(2), Disposition::reject, start);
    book.settle(delivery(3), Disposition::ack, start);
    book.set_aside(delivery(5), start);
    const auto pending = book.pending();
    CHECK(pending.departures ==
          Departures{{104, Way::requeue}, {102, Way::reject}, {105, Way::set_aside}});
    CHECK(pending.acknowledged == Runs{{101, 101}, {103, 103}});
}

TEST_CASE("a lease ends with the settlement of its last message") {
    LeaseBook book(part, 100, 5ms);
    for (const std::int64_t key : {101, 102})
        book.take(key, 101);
    book.take(9, 0);  // held on its own
    for (const std::int64_t key : {201, 202})
        book.take(key, 201);
    book.settle(delivery(1), Disposition::ack, start);
    book.settle(delivery(3), Disposition::ack, start);
    CHECK(book.pending().ended.empty());
    book.settle(delivery(5), Disposition::requeue, start);
    book.settle(delivery(4), Disposition::reject, start);
    CHECK(book.pending().ended == Keys{201});
    book.stored();
    CHECK(book.pending().ended.empty());
    book.settle(delivery(2), Disposition::ack, start);
    CHECK(book.pending().ended == Keys{101});
}

TEST_CASE("a message taken in place of a damaged one keeps the lease going") {
    LeaseBook book(part, 100, 5ms);
    book.set_aside(book.take(101, 101), start);
    book.take(102, 101);
    CHECK(book.pending().ended.empty());
    book.stored();
    book.settle(delivery(2), Disposition::ack, start);
    CHECK(book.pending().ended == Keys{101});
}

TEST_CASE("keys and leases may be used anew once they are stored") {
    auto book = book_with(100, 1);
    book.settle(delivery(1), Disposition::ack, start);
    book.stored();
    CHECK(book.take(101, 101) == delivery(2));
    book.settle(delivery(1), Disposition::requeue, start);
    CHECK(nothing_in(book.pending()));
    book.settle(delivery(2), Disposition::ack, start);
    CHECK(book.pending().acknowledged == Runs{{101, 101}});
    CHECK(book.pending().ended == Keys{101});
}

TEST_CASE("a change that fails finds the same settlements again, with later ones behind") {
    auto book = book_with(100, 3);
    book.settle(delivery(2), Disposition::requeue, start);
    book.settle(delivery(1), Disposition::ack, start);
    const auto first = book.pending();
    const auto second = book.pending();
    CHECK(first.departures == second.departures);
    CHECK(first.acknowledged == second.acknowledged);
    book.settle(delivery(3), Disposition::reject, start + 1ms);
    const auto third = book.pending();
    CHECK(third.departures == Departures{{102, Way::requeue}, {103, Way::reject}});
    CHECK(third.acknowledged == Runs{{101, 101}});
    CHECK(third.ended == Keys{101});
}

TEST_CASE("settlements are due after a quarter of the prefetch, or after the patience") {
    auto book = book_with(8, 8);
    CHECK_FALSE(book.due(start + 1h));
    CHECK(book.due_at() == util::SteadyTime::max());
    book.settle(delivery(1), Disposition::ack, start);
    CHECK_FALSE(book.due(start + 4ms));
    CHECK(book.due(start + 5ms));
    CHECK(book.due_at() == start + 5ms);
    book.settle(delivery(2), Disposition::ack, start + 1ms);
    CHECK(book.due(start + 1ms));
    CHECK(book.due_at() == start + 5ms);
    book.stored();
    CHECK_FALSE(book.due(start + 1h));
    CHECK(book.due_at() == util::SteadyTime::max());
    book.settle(delivery(3), Disposition::ack, start + 1s);
    CHECK(book.due_at() == start + 1s + 5ms);
}

TEST_CASE("how many settlements make a change of their own") {
    struct Row {
        std::uint16_t prefetch;
        std::size_t enough;
    };
    for (const auto& [prefetch, enough] :
         {Row{1, 1}, Row{3, 1}, Row{7, 1}, Row{8, 2}, Row{1000, 250}, Row{0, 256}}) {
        CAPTURE(prefetch);
        auto book = book_with(prefetch, 300);
        for (std::uint64_t number = 1; number < enough; ++number)
            book.settle(delivery(number), Disposition::ack, start);
        CHECK_FALSE(book.due(start));
        book.settle(delivery(enough), Disposition::ack, start);
        CHECK(book.due(start));
    }
}

TEST_CASE("without patience the first settlement is due") {
    LeaseBook book(part, 1000, 0ms);
    book.take(101, 101);
    CHECK_FALSE(book.due(start));
    book.settle(delivery(1), Disposition::ack, start);
    CHECK(book.due(start));
    CHECK(book.due_at() == start);
}

TEST_CASE("the room is the prefetch without the open messages") {
    auto book = book_with(3, 0);
    CHECK(book.room() == 3);
    for (std::int64_t key = 101; key <= 103; ++key)
        book.take(key, 101);
    CHECK(book.room() == 0);
    // A settled message makes room before it is stored.
    book.settle(delivery(2), Disposition::requeue, start);
    CHECK(book.room() == 1);
    book.settle(delivery(2), Disposition::ack, start);
    CHECK(book.room() == 1);
    book.stored();
    CHECK(book.room() == 1);
    CHECK(book.open() == 2);
}

TEST_CASE("a new prefetch counts the messages that are open already") {
    auto book = book_with(10, 6);
    CHECK(book.room() == 4);
    book.set_prefetch(4);
    CHECK(book.room() == 0);
    for (const std::uint64_t number : {1, 2})
        book.settle(delivery(number), Disposition::ack, start);
    CHECK(book.room() == 0);
    book.settle(delivery(3), Disposition::ack, start);
    CHECK(book.room() == 1);
    book.set_prefetch(0);
    CHECK(book.room() == std::numeric_limits<std::size_t>::max());
    book.set_prefetch(20);
    CHECK(book.room() == 17);
}

TEST_CASE("in any order and any grouping each key leaves the file once, and each lease ends") {
    for (std::uint32_t seed = 1; seed <= 200; ++seed) {
        CAPTURE(seed);
        std::mt19937 random(seed);
        constexpr std::int64_t count = 300;
        LeaseBook book(part, 64, 5ms);
        std::map<std::int64_t, std::set<std::int64_t>> leases;  // keys in the file, by lease
        std::map<std::int64_t, std::optional<Way>> left;        // no way: acknowledged
        std::map<std::int64_t, std::optional<Way>> wanted;
        std::vector<std::pair<DeliveryHandle, std::int64_t>> open;
        std::int64_t key = 0;
        std::int64_t lease = 0;

        const auto leave = [&](std::int64_t gone, std::optional<Way> way) {
            CHECK(left.emplace(gone, way).second);
            for (auto& [first, keys] : leases)
                keys.erase(gone);
        };
        const auto store = [&] {
            const auto pending = book.pending();
            for (const auto& departure : pending.departures)
                leave(departure.key, departure.way);
            for (const auto& run : pending.acknowledged)
                for (auto each = run.first; each <= run.last; ++each)
                    leave(each, std::nullopt);
            for (const auto first : pending.ended) {
                REQUIRE(leases.count(first) == 1);
                CHECK(leases.at(first).empty());
                leases.erase(first);
            }
            book.stored();
            for (const auto& [first, keys] : leases)
                CHECK_FALSE(keys.empty());
        };

        while (wanted.size() < count) {
            if (key < count && random() % 2 == 0) {
                ++key;
                if (lease == 0 || random() % 5 == 0) lease = key;
                const auto own = random() % 7 == 0 ? 0 : lease;
                if (own != 0) leases[own].insert(key);
                open.emplace_back(book.take(key, own), key);
            } else if (!open.empty()) {
                const auto at = random() % open.size();
                const auto [named, its_key] = open[at];
                open.erase(open.begin() + static_cast<std::ptrdiff_t>(at));
                switch (random() % 5) {
                    case 0:
                        book.settle(named, Disposition::requeue, start);
                        wanted[its_key] = Way::requeue;
                        break;
                    case 1:
                        book.settle(named, Disposition::reject, start);
                        wanted[its_key] = Way::reject;
                        break;
                    case 2:
                        book.set_aside(named, start);
                        wanted[its_key] = Way::set_aside;
                        break;
                    default:
                        book.settle(named, Disposition::ack, start);
                        wanted[its_key] = std::nullopt;
                }
            }
            CHECK(book.open() == open.size());
            if (random() % 8 == 0) store();
        }
        store();
        CHECK(left == wanted);
        CHECK(leases.empty());
    }
}
