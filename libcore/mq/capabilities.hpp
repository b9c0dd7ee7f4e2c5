// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string_view>

namespace airy::mq {

// Abilities of a broker beyond publishing to an exchange and consuming from queues.
enum class Capability : std::uint8_t {
    login,            // a user and a password are part of its URL
    delayed,          // a message is published now and routed later
    priority,         // a queue hands out messages of higher priority first
    replay_from,      // a subscription begins before now: SubscribeOptions::from
    peek,             // messages are looked at without being taken
    purge,            // a queue is emptied at once
    per_message_ttl,  // the expiration of a message is obeyed
    exclusive_queue,  // a queue belongs to one connection and goes with it
    delivery_count,   // the broker counts how often a message came back
    dead_letter,      // a rejected message goes to another queue
    stream_queue,     // a queue keeps its messages when they are consumed
    inventory,        // the broker, or an API beside it, lists its queues
    rates,            // that list holds messages a second
    alarms,           // the broker tells why it blocks publishers
};

// The capability in words, as in "the embedded broker lacks: …".
std::string_view name_of(Capability capability) noexcept;

class Capabilities {
  public:
    constexpr Capabilities(std::initializer_list<Capability> all) {
        for (const auto capability : all)
            bits_ |= bit(capability);
    }
    constexpr bool has(Capability capability) const noexcept {
        return (bits_ & bit(capability)) != 0;
    }

  private:
    static constexpr std::uint32_t bit(Capability capability) noexcept {
        return std::uint32_t{1} << static_cast<unsigned>(capability);
    }
    std::uint32_t bits_ = 0;
};

}  // namespace airy::mq
