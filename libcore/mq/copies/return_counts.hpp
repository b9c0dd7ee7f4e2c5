// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <unordered_map>

#include "event/message.hpp"

namespace airy::mq::copies {

// Counts how often this consumer has sent a message back to its queue, for queues whose broker does
// not count (classic queues). Messages that cannot be told apart share a count. Remembers the last
// `limit` messages. Pure; one thread.
class ReturnCounts {
  public:
    explicit ReturnCounts(std::size_t limit = 10'000) : limit_(limit) {}

    unsigned of(const event::Message& message) const {
        if (counts_.empty()) return 0;
        const auto found = counts_.find(key(message));
        return found == counts_.end() ? 0 : found->second;
    }

    // Records the `times`th return of the message, as far as the count is known.
    void returned(const event::Message& message, unsigned times) {
        const auto [at, fresh] = counts_.try_emplace(key(message), 0U);
        at->second = std::max(at->second, times);
        if (!fresh) return;
        order_.push_back(at->first);
        if (order_.size() <= limit_) return;
        counts_.erase(order_.front());
        order_.pop_front();
    }

    // The message will not come back.
    void forget(const event::Message& message) {
        if (counts_.empty()) return;
        const auto found = counts_.find(key(message));
        if (found != counts_.end()) found->second = 0;
    }

  private:
    static std::size_t key(const event::Message& message) {
        const std::hash<std::string> hash;
        return (hash(message.body) * 31 + hash(message.topic)) * 31 +
               hash(message.properties.message_id.value_or(std::string()));
    }

    const std::size_t limit_;
    std::unordered_map<std::size_t, unsigned> counts_;
    std::deque<std::size_t> order_;
};

}  // namespace airy::mq::copies
