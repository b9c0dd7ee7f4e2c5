// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/embedded/settlements.hpp"

#include "mq/embedded/dead_letters.hpp"
#include "mq/embedded/messages.hpp"

namespace airy::mq::embedded {
namespace {

void carry_out(Change& change, QueueCounts& queue, const LeaseBook::Departure& departure) {
    const auto message = held_message(change, departure.key);
    if (!message) return;
    switch (departure.way) {
        case LeaseBook::Way::requeue:
            give_back(change, queue, *message, Return::requeued);
            break;
        case LeaseBook::Way::reject:
            forget_held(change, queue, departure.key, departure.key);
            dead_letter(change, *queue.info, *message, "rejected");
            break;
        case LeaseBook::Way::set_aside:
            forget_held(change, queue, departure.key, departure.key);
            set_aside(change, *queue.info, *message);
            break;
    }
}

}  // namespace

void store_settlements(Change& change, QueueCounts& queue, std::int64_t session,
                       const LeaseBook::Settlements& settlements) {
    for (const auto& departure : settlements.departures)
        carry_out(change, queue, departure);
    for (const auto& run : settlements.acknowledged)
        forget_held(change, queue, run.first, run.last);
    for (const auto first : settlements.ended)
        change.db().run("DELETE FROM lease WHERE session = ?1 AND first = ?2", session, first);
}

}  // namespace airy::mq::embedded
