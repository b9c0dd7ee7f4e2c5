// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "work/start_threads.hpp"

#include <algorithm>
#include <system_error>

#include "util/limits.hpp"

namespace airy::work {
namespace {

// The system starts only so many processes at once.
std::size_t most_threads() {
    return std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, 4);
}

}  // namespace

StartThreads::StartThreads() : work_(context_.get_executor()) {
    try {
        add();
    } catch (const std::system_error& error) {
        throw util::thread_refused(error);
    }
}

StartThreads::~StartThreads() {
    work_.reset();
    context_.stop();
    for (auto& thread : threads_)
        thread.join();
}

void StartThreads::add() {
    threads_.emplace_back([this] { context_.run(); });
}

StartThreads::Turn::Turn(StartThreads& threads) : threads_(threads) {
    if (++threads_.turns_ <= threads_.threads_.size() || threads_.threads_.size() >= most_threads())
        return;
    try {
        threads_.add();
    } catch (const std::system_error&) {
        // The start waits for a thread that is there.
    }
}

}  // namespace airy::work
