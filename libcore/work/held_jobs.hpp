// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "util/clock.hpp"
#include "work/worker_line.hpp"

namespace airy::work {

// The lines that a worker process got and has not answered, in the order in which it got them. One
// that takes its lines in order works on the oldest. Pure.
class HeldJobs {
  public:
    // `batches`: each line is a batch, with an id of its own beside those of its messages.
    explicit HeldJobs(bool batches) : batches_(batches) {}

    // The ids that a line takes, from its own on.
    std::uint64_t ids_of(WorkerLine line) const noexcept { return batches_ ? 1 + line.size() : 1; }
    // `begin` is the place of the line in the stdin of the process. Ids grow.
    void add(std::uint64_t id, WorkerLine line, std::uint64_t begin, util::SteadyTime now);

    // What an answer to this id is about: one message, which is then done, or a whole batch, of
    // which some may be done. Empty: nothing that is held.
    struct Answered {
        WorkerLine jobs{};
        bool whole_batch = false;
    };
    Answered answer(std::uint64_t id, util::SteadyTime now);
    // True once for a batch whose messages were all answered by their own ids.
    bool was_answered_in_parts(std::uint64_t id);
    // The place in the stdin of the process of the held line that has this id.
    std::optional<std::uint64_t> place_of(std::uint64_t id);
    // Whether the process got this id, which it has answered if that is not held. Of ids from long
    // ago only the range is known.
    bool had(std::uint64_t id) const noexcept;

    bool empty() const noexcept { return lines_.empty(); }
    std::size_t size() const noexcept { return lines_.size(); }  // lines
    // The oldest, and since when it is the oldest: since it came, or since those before it were
    // answered. Not while empty.
    WorkerLine oldest() const { return lines_.begin()->second.line; }
    util::SteadyTime turn_since() const noexcept { return turn_since_; }
    std::vector<WorkerLine> all() const;

    // At the end of the process, hands out all: those that a process that took `taken` bytes of its
    // stdin had at least begun to read, and those that it has never seen.
    struct Parts {
        std::vector<WorkerLine> seen;
        std::vector<WorkerLine> unseen;
    };
    Parts part(std::uint64_t taken);

  private:
    struct Held {
        WorkerLine line;
        std::size_t open;  // messages that are not done
        std::uint64_t begin;
    };
    using Lines = std::map<std::uint64_t, Held>;
    struct Ids {
        std::uint64_t first;
        std::uint64_t last;
    };
    Lines::iterator with(std::uint64_t id);
    void remove(Lines::iterator at, util::SteadyTime now);
    void note_answered_in_parts(std::uint64_t id);

    const bool batches_;
    Lines lines_;  // by the id of the line
    // The latest batches of which all messages were answered.
    std::deque<std::uint64_t> in_parts_;
    std::uint64_t first_ = 0;  // id of the process; 0: none
    // The latest ids of the process, without gaps within one. Other workers get ids in between.
    std::deque<Ids> given_;
    util::SteadyTime turn_since_{};
};

}  // namespace airy::work
