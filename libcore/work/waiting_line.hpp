// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "event/message_key.hpp"
#include "mq/delivery.hpp"
#include "util/clock.hpp"

namespace airy::work {

inline constexpr unsigned highest_priority = 255;

// A message that was taken and has not begun.
struct Waiting {
    mq::Delivered delivered;
    util::SteadyTime since;    // its arrival
    std::uint64_t number = 0;  // of its arrival
    bool alone = false;        // it is to be handled with no other
};

// The waiting messages, in the order in which they may start: as they came, or those of higher
// priority first. With a key, the messages of one key start one after another as they came,
// whatever their priority: each waits until the one before has finished. Messages without a key
// wait for nobody. Pure; one thread.
class WaitingLine {
  public:
    // A priority above `most_priority` counts as that one.
    WaitingLine(bool by_priority, std::optional<event::MessageKey> key,
                unsigned most_priority = highest_priority)
        : by_priority_(by_priority), most_priority_(most_priority), key_of_(std::move(key)) {}

    // Returns the message where it is the first one without a key, though keys are looked for; else
    // null.
    const mq::Delivered* add(mq::Delivered delivered, util::SteadyTime now);

    std::size_t size() const noexcept { return startable_.size() + behind_; }
    // How many do not wait for their key.
    std::size_t startable() const noexcept { return startable_.size(); }
    // The message that may start next; needs a startable one.
    const Waiting& first() const { return startable_.begin()->second.waiting; }
    // The earliest arrival of a startable message; needs one.
    util::SteadyTime oldest() const;

    // Takes the first out. Its key stays taken until `finish`.
    Waiting begin_first();
    // Takes the first out, and it does not begin.
    Waiting remove_first();
    // A message that had been taken out to begin waits on, in its place.
    void put_back(Waiting waiting);

    // A message that had begun is done with: the next one of its key may start.
    void finish(mq::DeliveryHandle begun);
    // A message that had begun is done with for now, and comes again: its key stays taken.
    void hold(mq::DeliveryHandle begun);
    // It comes again, in its place; a message that was not held comes as a new one.
    void again(mq::Delivered delivered, util::SteadyTime now);
    // Held messages for which this is true do not come again.
    void release_held(const std::function<bool(mq::DeliveryHandle)>& gone);

    // Drops the waiting messages for which this is true.
    void drop(const std::function<bool(const mq::Delivered&)>& dropped);
    // Hands out the messages in the order in which they came, except those behind a message that
    // has begun.
    std::vector<mq::Delivered> give_up();

  private:
    // The order of starts: rank 0 is the highest priority.
    struct Place {
        unsigned rank = 0;
        std::uint64_t number = 0;
        auto operator<=>(const Place&) const = default;
    };
    // The messages of a key, behind the one that has begun, is held, or may start. A key is
    // forgotten when it has no such message.
    using Behind = std::deque<Waiting>;
    using Keys = std::unordered_map<std::string, Behind>;
    using Key = Keys::value_type*;  // null: none
    struct Startable {
        Startable(Waiting&& message, Key of) : waiting(std::move(message)), key(of) {}

        Waiting waiting;
        Key key;
    };
    struct Begun {
        Key key = nullptr;
        std::uint64_t number = 0;
        bool held = false;
    };

    Place place_of(const Waiting& waiting) const;
    const mq::Delivered& let_start(Waiting&& waiting, Key key);
    void next_of(Key key);

    const bool by_priority_;
    const unsigned most_priority_;
    const std::optional<event::MessageKey> key_of_;
    bool met_without_key_ = false;
    std::uint64_t arrivals_ = 0;
    std::map<Place, Startable> startable_;
    Keys keys_;
    std::size_t behind_ = 0;                     // messages in keys_
    std::map<mq::DeliveryHandle, Begun> begun_;  // those with a key
};

}  // namespace airy::work
