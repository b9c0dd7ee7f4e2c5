// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/copies/last_return.hpp"

#include <chrono>

#include "mq/copies/letter.hpp"
#include "mq/outcome.hpp"
#include "util/error.hpp"
#include "util/log.hpp"
#include "util/uuid.hpp"

namespace airy::mq::copies {

namespace {

constexpr std::chrono::seconds patience{30};  // with the broker's confirm of a copy
// An alarm of the broker may last; the user is told at once that no copy can be made.
constexpr std::chrono::seconds short_patience{5};

}  // namespace

bool LastReturn::is_due(const Delivered& delivered) const noexcept {
    if (!rule_.limit || delivered.returns < *rule_.limit) return false;
    return !rule_.guessed || counted_returns(delivered.message).has_value();
}

// A user who may not publish is told so by a closed channel, and a message to a queue that is not
// there comes back from everybody else.
bool LastReturn::can_copy() {
    event::Message nobodys;
    nobodys.topic = util::uuid_v4();
    try {
        publisher_ = broker_.publisher({});
        const auto outcome = publish_one(*publisher_, nobodys, short_patience);
        return outcome && outcome->kind == Outcome::Kind::unroutable;
    } catch (const Error& error) {
        util::log_info("copies cannot be made", {{"queue", queue_}, {"reason", error.what()}});
        publisher_.reset();
        return false;
    }
}

bool LastReturn::copy(const Delivered& delivered) {
    const auto publish = [&](const event::Message& message) {
        const auto outcome = publish_one(*publisher_, message, patience);
        return outcome && outcome->delivered();
    };
    try {
        if (!publisher_) publisher_ = broker_.publisher({});
        auto message =
            replaced(delivered.message, delivered.former_returns + delivered.returns, queue_);
        try {
            if (!publish(message)) return false;
        } catch (const Error& error) {
            // The headers fill a frame already.
            if (error.kind() != ErrorKind::invalid_event || !leave_out_optional(message)) throw;
            if (!publish(message)) return false;
        }
    } catch (const Error& error) {
        util::log_warn("cannot copy a message whose return would be one too many",
                       {{"queue", queue_}, {"reason", error.what()}});
        return false;
    }
    ++copied_;
    return true;
}

}  // namespace airy::mq::copies
