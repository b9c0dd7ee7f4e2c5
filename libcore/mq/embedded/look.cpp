// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/embedded/look.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "mq/copies/letter.hpp"
#include "mq/embedded/delivered.hpp"
#include "mq/embedded/expiry.hpp"
#include "mq/embedded/messages.hpp"
#include "mq/embedded/queue_rows.hpp"
#include "mq/embedded/schema.hpp"
#include "util/error.hpp"
#include "util/log.hpp"

namespace airy::mq::embedded {
namespace {

// Limits of one part, so that its transaction is short and its memory bounded.
constexpr std::size_t most_messages = 100;
constexpr std::size_t most_part_bytes = 4 << 20;

// The ready messages of one queue, part by part. One thread.
class Parts {
  public:
    Parts(const Location& location, std::string queue) : store_(location), name_(std::move(queue)) {
        catch_up_if_free(store_, catalogue_);
        const Reading reading(store_);
        catalogue_.refresh(store_.db());
        const auto& info = whole_queue(catalogue_, "look into the queue", name_, std::nullopt);
        birth_ = info.birth;
        quorum_ = info.policy.quorum;
        after_ = first_key(info.id, returned_lane) - 1;
        ready_ = store_.db().value("SELECT ready FROM queue WHERE id = ?1", info.id).value_or(0);
    }

    std::uint64_t ready() const noexcept { return static_cast<std::uint64_t>(ready_); }
    bool quorum() const noexcept { return quorum_; }

    // The next messages, at most `most`; none at the end.
    std::vector<StoredMessage> next(std::size_t most) {
        std::vector<StoredMessage> part;
        const Reading reading(store_);
        catalogue_.refresh(store_.db());
        const auto& info = open_queue(catalogue_, "look into the queue", name_, std::nullopt);
        if (info.birth != birth_) return part;
        const bool lanes = info.policy.max_priority.has_value();
        std::size_t bytes = 0;
        const auto add = [&](Query rows) {
            while (part.size() < std::min(most, most_messages) && bytes < most_part_bytes &&
                   rows.next()) {
                part.push_back(stored_message(rows));
                bytes += part.back().body.size();
            }
        };
        auto& db = store_.db();
        const auto last_single = last_key(info.id, lanes ? last_lane : returned_lane);
        add(
            db.query("SELECT id, deliveries, expires_at, exchange, topic, meta, body FROM message "
                     "WHERE id > ?1 AND id <= ?2 AND holder IS NULL AND "
                     "(expires_at IS NULL OR expires_at > ?3) ORDER BY id",
                     after_, last_single, store_.now()));
        if (!lanes) {
            const auto cursor =
                db.value("SELECT cursor FROM queue WHERE id = ?1", info.id).value_or(1);
            const auto from = std::max(after_, key_of(info.id, fresh_lane, cursor) - 1);
            add(db.query(
                "SELECT id, deliveries, expires_at, exchange, topic, meta, body FROM message "
                "WHERE id > ?1 AND id <= ?2 AND (expires_at IS NULL OR expires_at > ?3) "
                "ORDER BY id",
                from, last_key(info.id, fresh_lane), store_.now()));
        }
        if (!part.empty()) after_ = part.back().key;
        return part;
    }

  private:
    Store store_;
    Catalogue catalogue_;
    const std::string name_;
    std::int64_t birth_ = 0;
    bool quorum_ = false;
    std::int64_t after_ = 0;  // key of the last message read
    std::int64_t ready_ = 0;  // at the start
};

std::optional<Delivered> readable(StoredMessage stored, const std::string& queue, bool quorum) {
    try {
        auto delivered = delivered_from(std::move(stored), queue, quorum);
        copies::read_past(delivered);
        return delivered;
    } catch (const Error&) {
        util::log_warn("a message is damaged, and passed over", {{"queue", queue}});
        return std::nullopt;
    }
}

}  // namespace

Look look_into(const Location& location, const std::string& queue, std::uint64_t limit,
               const std::function<bool(const Delivered&)>& see, util::SignalFd& signals) {
    Parts parts(location, queue);
    Look look;
    const auto most = limit == 0 ? parts.ready() : std::min(limit, parts.ready());
    bool more = most > 0;
    while (more) {
        auto part = parts.next(most - look.seen);
        more = !part.empty();
        for (auto& stored : part) {
            ++look.seen;
            look.most_returns =
                std::max(look.most_returns, static_cast<std::uint64_t>(stored.deliveries));
            const auto delivered = readable(std::move(stored), queue, parts.quorum());
            look.signal = signals.take();
            more = !look.signal && (!delivered || see(*delivered)) && look.seen < most;
            if (!more) break;
        }
    }
    look.left = parts.ready() - look.seen;
    return look;
}

std::optional<std::int64_t> oldest_arrival(Database& database, const QueueInfo& queue) {
    std::optional<std::int64_t> oldest;
    const auto add = [&oldest](std::optional<std::int64_t> arrival) {
        if (arrival) oldest = std::min(oldest.value_or(*arrival), *arrival);
    };
    const auto add_lane = [&](std::int64_t lane) {
        add(
            database.value("SELECT arrived_at FROM message WHERE id BETWEEN ?1 AND ?2 AND "
                           "holder IS NULL ORDER BY id LIMIT 1",
                           first_key(queue.id, lane), last_key(queue.id, lane)));
    };
    add_lane(returned_lane);
    if (queue.policy.max_priority) {
        for (auto priority = *queue.policy.max_priority; priority >= 0; --priority)
            add_lane(lane_of_priority(priority));
        return oldest;
    }
    const auto cursor =
        database.value("SELECT cursor FROM queue WHERE id = ?1", queue.id).value_or(1);
    add(database.value(
        "SELECT arrived_at FROM message WHERE id BETWEEN ?1 AND ?2 ORDER BY id LIMIT 1",
        key_of(queue.id, fresh_lane, cursor), last_key(queue.id, fresh_lane)));
    return oldest;
}

}  // namespace airy::mq::embedded
