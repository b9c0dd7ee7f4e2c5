// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <stop_token>
#include <vector>

#include "pool/worker.hpp"

namespace airy::pool {

// The work that a section under the pool's lock leaves for the moment when the lock is free.
struct Actions {
    WorkerList wake;         // parked threads that are to look for a task
    WorkerList end;          // parked threads that are to end
    std::size_t create = 0;  // threads to make
    bool post = false;       // the loop has a turn to make
    bool kick = false;       // the timekeeper has an earlier time to look at, or an end to see to

    bool for_threads() const noexcept { return create || !wake.empty() || !end.empty(); }
    bool any() const noexcept { return post || kick || for_threads(); }
};

// Tokens of callables to fire when the lock is free.
using Stops = std::vector<std::stop_source>;

}  // namespace airy::pool
