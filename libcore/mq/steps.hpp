// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include "mq/topology.hpp"
#include "util/log.hpp"

// The log lines of the steps at a broker, in the same words for every broker. Any thread.
namespace airy::mq {

inline void log_declared(const ExchangeSpec& spec) noexcept {
    util::log_info("declared an exchange", {{"exchange", spec.name}, {"type", spec.type}});
}

// An exclusive queue is classic, whatever type was asked for.
inline void log_declared(const QueueSpec& spec, const QueueState& state) noexcept {
    util::log_info("declared a queue", {{"queue", state.name},
                                        {"type", spec.exclusive ? "classic" : spec.type.c_str()},
                                        {"durable", spec.durable},
                                        {"ready", state.ready},
                                        {"consumers", state.consumers}});
}

inline void log_bound(std::string_view queue, std::string_view exchange,
                      std::string_view pattern) noexcept {
    util::log_info("bound a queue",
                   {{"queue", queue}, {"exchange", exchange}, {"pattern", pattern}});
}

inline void log_looked_at(const QueueState& state) noexcept {
    util::log_info("looked at a queue",
                   {{"queue", state.name}, {"ready", state.ready}, {"consumers", state.consumers}});
}

inline void log_deleted(std::string_view queue, std::uint64_t messages) noexcept {
    util::log_info("deleted a queue", {{"queue", queue}, {"messages", messages}});
}

inline void log_purged(std::string_view queue, std::uint64_t messages) noexcept {
    util::log_info("purged a queue", {{"queue", queue}, {"messages", messages}});
}

inline void log_consuming(std::string_view queue, std::uint16_t prefetch) noexcept {
    util::log_info("consuming", {{"queue", queue}, {"prefetch", prefetch}});
}

}  // namespace airy::mq
