// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/embedded/requester.hpp"

#include <exception>
#include <memory>
#include <utility>
#include <variant>

#include "util/error.hpp"

namespace airy::mq::embedded {

EmbeddedRequester::EmbeddedRequester(const Location& location, const PublisherOptions& options)
    : replies_(location, {}), publisher_(location, options) {
    events_.add(replies_.event_fd());
    events_.add(publisher_.event_fd());
}

std::uint64_t EmbeddedRequester::try_submit(event::Message& message) {
    if (lost_) return 0;
    auto former = std::exchange(message.properties.reply_to, replies_.queue());
    const auto sequence = publisher_.try_submit(message);
    if (sequence == 0) message.properties.reply_to = std::move(former);
    return sequence;
}

std::vector<PublisherEvent> EmbeddedRequester::take() {
    auto events = publisher_.take();
    for (auto& event : replies_.take()) {
        if (auto* delivered = std::get_if<Delivered>(&event)) {
            replies_.settle(delivered->handle, Disposition::ack);
            events.emplace_back(Reply{std::make_shared<Delivered>(std::move(*delivered))});
        } else if (const auto* cancelled = std::get_if<Cancelled>(&event)) {
            lost_ = true;
            events.emplace_back(
                Lost{std::make_exception_ptr(Error(Reason::queue_deleted, cancelled->reason))});
        } else if (auto* lost = std::get_if<Lost>(&event)) {
            lost_ = true;
            events.emplace_back(std::move(*lost));
        }
    }
    return events;
}

void EmbeddedRequester::close(std::chrono::milliseconds deadline) noexcept {
    publisher_.close(deadline / 2);
    replies_.close(deadline / 2);
}

}  // namespace airy::mq::embedded
