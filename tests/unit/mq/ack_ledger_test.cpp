// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/amqp/ack_ledger.hpp"

#include <doctest/doctest.h>

#include <array>
#include <map>
#include <random>
#include <set>

using namespace airy;
using mq::Disposition;
using mq::amqp::AckLedger;
using namespace std::chrono_literals;

namespace {

const util::SteadyTime start{};

AckLedger ledger_with(std::uint16_t prefetch, std::uint64_t deliveries) {
    AckLedger ledger(prefetch, 20ms);
    for (std::uint64_t tag = 1; tag <= deliveries; ++tag)
        ledger.delivered(tag);
    return ledger;
}

// A broker that takes dispositions; a real one closes the channel for a tag that is not
// unacknowledged.
class StrictBroker {
  public:
    explicit StrictBroker(std::uint64_t deliveries) {
        for (std::uint64_t tag = 1; tag <= deliveries; ++tag)
            unacknowledged_.insert(tag);
    }

    void apply(const AckLedger::Command& command) {
        REQUIRE(unacknowledged_.count(command.tag) == 1);
        if (!command.multiple) {
            settled[command.tag] = command.disposition;
            unacknowledged_.erase(command.tag);
            return;
        }
        while (!unacknowledged_.empty() && *unacknowledged_.begin() <= command.tag) {
            settled[*unacknowledged_.begin()] = command.disposition;
            unacknowledged_.erase(unacknowledged_.begin());
        }
    }

    std::map<std::uint64_t, Disposition> settled;

  private:
    std::set<std::uint64_t> unacknowledged_;
};

}  // namespace

TEST_CASE("acks without a gap become one multiple") {
    auto ledger = ledger_with(100, 5);
    for (const std::uint64_t tag : {2, 1, 3})
        ledger.settle(tag, Disposition::ack, start);
    CHECK(ledger.flush() == std::vector<AckLedger::Command>{{3, true, Disposition::ack}});
    CHECK(ledger.flush().empty());
}

TEST_CASE("acks beyond a gap are single, in ascending order") {
    auto ledger = ledger_with(100, 5);
    for (const std::uint64_t tag : {5, 1, 3})
        ledger.settle(tag, Disposition::ack, start);
    CHECK(ledger.flush() == std::vector<AckLedger::Command>{{1, true, Disposition::ack},
                                                            {3, false, Disposition::ack},
                                                            {5, false, Disposition::ack}});
    // Tag 3 was acked alone, so the next multiple must not name it.
    ledger.settle(2, Disposition::ack, start);
    CHECK(ledger.flush() == std::vector<AckLedger::Command>{{2, true, Disposition::ack}});
}

TEST_CASE("a multiple ack never covers a nack") {
    auto ledger = ledger_with(100, 4);
    ledger.settle(1, Disposition::ack, start);
    ledger.settle(2, Disposition::requeue, start);
    ledger.settle(3, Disposition::reject, start);
    ledger.settle(4, Disposition::ack, start);
    CHECK(ledger.flush() == std::vector<AckLedger::Command>{{1, true, Disposition::ack},
                                                            {2, false, Disposition::requeue},
                                                            {3, false, Disposition::reject},
                                                            {4, true, Disposition::ack}});
}

TEST_CASE("dispositions are due after a quarter of the prefetch, or after the patience") {
    auto ledger = ledger_with(8, 8);
    CHECK_FALSE(ledger.due(start));
    CHECK(ledger.due_at() == util::SteadyTime::max());
    ledger.settle(1, Disposition::ack, start);
    CHECK_FALSE(ledger.due(start + 19ms));
    CHECK(ledger.due(start + 20ms));
    CHECK(ledger.due_at() == start + 20ms);
    ledger.settle(2, Disposition::ack, start + 1ms);
    CHECK(ledger.due(start + 1ms));
    ledger.flush();
    CHECK_FALSE(ledger.due(start + 1h));
}

TEST_CASE("settling twice, or an unknown tag, changes nothing") {
    auto ledger = ledger_with(100, 2);
    ledger.settle(1, Disposition::ack, start);
    ledger.settle(1, Disposition::requeue, start);
    ledger.settle(7, Disposition::ack, start);
    ledger.settle(0, Disposition::ack, start);
    CHECK(ledger.flush() == std::vector<AckLedger::Command>{{1, true, Disposition::ack}});
    ledger.settle(1, Disposition::ack, start);
    CHECK(ledger.flush().empty());
}

TEST_CASE("in any order and any grouping the broker learns each disposition exactly once") {
    for (std::uint32_t seed = 1; seed <= 200; ++seed) {
        CAPTURE(seed);
        std::mt19937 random(seed);
        constexpr std::uint64_t count = 300;
        AckLedger ledger(64, 20ms);
        StrictBroker broker(count);
        std::map<std::uint64_t, Disposition> wanted;
        std::vector<std::uint64_t> open;
        std::uint64_t delivered = 0;
        while (wanted.size() < count) {
            if (delivered < count && random() % 2 == 0) {
                ledger.delivered(++delivered);
                open.push_back(delivered);
            } else if (!open.empty()) {
                const auto at = random() % open.size();
                const auto tag = open[at];
                open.erase(open.begin() + static_cast<std::ptrdiff_t>(at));
                const auto disposition =
                    std::array{Disposition::ack, Disposition::ack, Disposition::requeue,
                               Disposition::reject}[random() % 4];
                wanted[tag] = disposition;
                ledger.settle(tag, disposition, start);
            }
            if (random() % 8 == 0)
                for (const auto& command : ledger.flush())
                    broker.apply(command);
        }
        for (const auto& command : ledger.flush())
            broker.apply(command);
        CHECK(broker.settled == wanted);
    }
}
