// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/outcome.hpp"

#include <poll.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <limits>
#include <variant>

#include "util/clock.hpp"
#include "util/error.hpp"

namespace airy::mq {

std::optional<Outcome> outcome_of(const PublisherEvent& event) {
    if (const auto* confirmed = std::get_if<Confirmed>(&event))
        return Outcome{confirmed->sequence, Outcome::Kind::confirmed};
    if (const auto* returned = std::get_if<Unroutable>(&event))
        return Outcome{returned->sequence, Outcome::Kind::unroutable, returned->code,
                       returned->reason};
    if (const auto* refused = std::get_if<Refused>(&event))
        return Outcome{refused->sequence, Outcome::Kind::refused, 0, refused->reason,
                       refused->forbidden};
    return std::nullopt;
}

void throw_if_lost(const PublisherEvent& event) {
    if (const auto* lost = std::get_if<Lost>(&event)) std::rethrow_exception(lost->error);
}

std::optional<Outcome> publish_one(Publisher& publisher, event::Message message,
                                   std::chrono::milliseconds patience) {
    std::optional<Outcome> found;
    Upload upload(publisher);
    auto deadline = util::steady_now() + patience;
    const auto sequence = publisher.try_submit(message);
    while (true) {
        take_outcomes(publisher, [&](Outcome outcome) { found = std::move(outcome); });
        if (found) return found;
        if (sequence == 0)
            throw Error(ErrorKind::unreachable,
                        "the connection was lost before the message was sent");
        const auto left =
            std::chrono::ceil<std::chrono::milliseconds>(deadline - util::steady_now());
        if (left.count() <= 0) {
            if (!upload.goes_on()) return std::nullopt;
            deadline = util::steady_now() + patience;
            continue;
        }
        pollfd waiting{publisher.event_fd(), POLLIN, 0};
        ::poll(&waiting, 1,
               static_cast<int>(
                   std::min<std::int64_t>(left.count(), std::numeric_limits<int>::max())));
    }
}

}  // namespace airy::mq
