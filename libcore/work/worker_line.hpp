// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>
#include <span>
#include <string>

#include "mq/delivery.hpp"
#include "pool/suspend.hpp"
#include "work/handler.hpp"

namespace airy::work {

using SuspendedCalls = std::list<pool::ResumeCoroutine>;

// One call of a handler that waits for the results of its messages.
struct WorkerCall {
    std::size_t open = 0;  // messages without a result
    // Where its coroutine is kept: not in the coroutine itself, which would then never be
    // destroyed.
    std::optional<SuspendedCalls::iterator> suspended{};
};

// A message on its way through a worker.
struct WorkerJob {
    const mq::Delivered& delivered;
    HandlerResult& result;
    WorkerCall& call;
    bool done = false;                        // has its result
    std::optional<Verdict> when_cancelled{};  // set once it is cancelled
};

// The messages of one line: one, or those of a batch. Lives as long as their call, which ends with
// the turn of the loop in which the last of its messages is done.
using WorkerLine = std::span<WorkerJob>;

// The messages that are not done.
std::size_t open_in(WorkerLine line) noexcept;

// Appends `{"id":…,"batch":[…]}` and a line end, for the messages that are not done: each is as the
// line of a single message, and message i has the id `id` + 1 + i.
void append_batch(std::string& out, std::uint64_t id, WorkerLine line);

}  // namespace airy::work
