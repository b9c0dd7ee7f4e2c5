// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <pthread.h>

#include <atomic>
#include <cstdint>
#include <deque>

#include "pool/links.hpp"
#include "util/clock.hpp"

namespace airy::pool {

class ThreadLane;

// One thread of the thread lane.
struct Worker {
    enum Signal : std::uint32_t { none, work, end };
    ThreadLane* lane = nullptr;
    pthread_t thread{};
    std::atomic<std::uint32_t> signal{none};  // a parked thread sleeps while it is `none`
    util::SteadyTime idle_since{};
    Links links;
};
using WorkerList = List<Worker, &Worker::links>;

// The threads of the thread lane, and where each one is. Guarded by the pool's lock.
struct Workers {
    std::size_t live = 0;    // threads that are being made, run, or have ended and are not joined
    std::size_t waking = 0;  // threads that were woken or are being made, and look for a task soon
    // Asleep until there is a task; the last one to park is woken first.
    CountedList<Worker, &Worker::links> parked;
    WorkerList ended;   // to be joined
    WorkerList unused;  // without a thread
    std::deque<Worker> all;

    Worker& take_unused() {
        Worker* worker = take_front(unused);
        return worker ? *worker : all.emplace_back();
    }
};

}  // namespace airy::pool
