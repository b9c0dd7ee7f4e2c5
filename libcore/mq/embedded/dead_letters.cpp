// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/embedded/dead_letters.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "mq/embedded/codec.hpp"
#include "mq/embedded/deaths.hpp"
#include "mq/embedded/schema.hpp"
#include "util/error.hpp"

namespace airy::mq::embedded {
namespace {

// A kept letter is a row whose holder is `nobody`, and whose `deliveries` is the number of its
// reason.
constexpr std::int64_t nobody = 0;
constexpr std::array<std::string_view, 4> reasons = {"rejected", "expired", "maxlen",
                                                     "delivery_limit"};

// In a damaged row the number may be any.
std::string_view reason_of(const StoredMessage& letter) {
    const auto number = std::clamp<std::int64_t>(letter.deliveries, -std::ssize(reasons), -1);
    return reasons.at(static_cast<std::size_t>(-1 - number));
}

constexpr std::int64_t retry_pause = 1000;  // milliseconds
constexpr std::int64_t most_retried = 200;  // in one change

void keep_letter(Change& change, const QueueInfo& from, const StoredMessage& letter,
                 std::string_view reason) {
    auto* queue = change.counts(from.id);
    if (queue == nullptr) return;
    const auto number = std::ranges::find(reasons, reason) - reasons.begin();
    const auto position = queue->next < position_limit ? queue->next++ : position_of(letter.key);
    change.db().run(
        "INSERT INTO message (id, deliveries, holder, exchange, topic, meta, body) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        key_of(from.id, returned_lane, position), std::int64_t{-1 - number}, nobody,
        letter.exchange, letter.topic, Blob{letter.meta}, Blob{letter.body});
    ++queue->unacked;
    queue->touched = true;
    if (from.policy.dead_letter_exchange)
        change.set_due(from.id, Due::letters, change.now() + retry_pause);
}

// One damaged message must not stop the work on the others.
void read_what_can_be_read(std::string_view meta, event::Message& message) {
    try {
        read_meta(meta, message);
    } catch (const Error&) {
        message.properties = {};
        message.has_headers = true;
        message.headers = {{"x-airy-damaged", {event::HeaderBytes{std::string(meta)}}}};
    }
}

// Publishes the message to the dead-letter exchange. False when there is none or no queue takes it.
bool forward(Change& change, const QueueInfo& from, const StoredMessage& stored,
             std::string_view reason) {
    const auto& policy = from.policy;
    if (!policy.dead_letter_exchange) return false;
    event::Message message;
    message.exchange = stored.exchange;
    message.topic = stored.topic;
    read_what_can_be_read(stored.meta, message);
    add_death(message, from.spec.name, reason, static_cast<std::uint64_t>(change.now() / 1000),
              !policy.dead_letter_key);
    message.exchange = *policy.dead_letter_exchange;
    if (policy.dead_letter_key) message.topic = *policy.dead_letter_key;

    static const std::vector<const QueueInfo*> none;
    const auto* found = change.catalogue().route(message.exchange, message.topic);
    const auto targets = found ? *found : none;  // a copy: put_message() may look up more routes
    std::string meta;
    append_meta(meta, message);
    IncomingMessage incoming{message.exchange, message.topic, meta, stored.body};
    incoming.priority = message.properties.priority.value_or(0);
    bool done = false;
    for (const auto* target : targets) {
        auto* queue = change.counts(target->id);
        if (reason != "rejected" && is_cycle(message.headers, target->spec.name)) {
            done = true;
        } else if (queue != nullptr && queue->next < position_limit &&
                   has_room(*queue, stored.body.size())) {
            put_message(change, *queue, incoming);
            done = true;
        }
    }
    return done;
}

}  // namespace

void dead_letter(Change& change, const QueueInfo& from, const StoredMessage& stored,
                 std::string_view reason) {
    if (!forward(change, from, stored, reason) && from.policy.at_least_once)
        keep_letter(change, from, stored, reason);
}

void set_aside(Change& change, const QueueInfo& from, const StoredMessage& stored) {
    if (!forward(change, from, stored, "rejected")) keep_letter(change, from, stored, "rejected");
}

void retry_letters(Change& change, QueueCounts& queue) {
    const auto id = queue.info->id;
    std::vector<StoredMessage> letters;
    {
        auto rows = change.db().query(
            "SELECT id, deliveries, exchange, topic, meta, body FROM message "
            "WHERE id BETWEEN ?1 AND ?2 AND holder = ?3 ORDER BY id LIMIT ?4",
            first_key(id, returned_lane), last_key(id, returned_lane), nobody, most_retried);
        while (rows.next()) {
            auto& letter = letters.emplace_back();
            letter.key = rows.integer(0);
            letter.deliveries = rows.integer(1);
            letter.exchange = rows.text(2);
            letter.topic = rows.text(3);
            letter.meta = rows.text(4);
            letter.body = rows.text(5);
        }
    }
    change.set_due(id, Due::letters, std::nullopt);
    bool some_moved = false;
    for (const auto& letter : letters) {
        forget_held(change, queue, letter.key, letter.key);
        const auto reason = reason_of(letter);
        if (forward(change, *queue.info, letter, reason))
            some_moved = true;
        else
            keep_letter(change, *queue.info, letter, reason);
    }
    // If no letter finds a queue, the letters behind them wait for the pause as well.
    if (some_moved && static_cast<std::int64_t>(letters.size()) == most_retried)
        change.set_due(id, Due::letters, change.now());
}

void reject_incoming(Change& change, const QueueInfo& queue, const IncomingMessage& message) {
    if (queue.policy.overflow != Overflow::reject_publish_dlx) return;
    StoredMessage refused;
    refused.exchange = message.exchange;
    refused.topic = message.topic;
    refused.meta = message.meta;
    refused.body = message.body;
    dead_letter(change, queue, refused, "maxlen");
}

}  // namespace airy::mq::embedded
