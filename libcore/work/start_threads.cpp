// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "work/start_threads.hpp"

#include <algorithm>

#include "util/error.hpp"
#include "util/limits.hpp"
#include "util/processors.hpp"

namespace airy::work {
namespace {

// The system starts only so many processes at once.
constexpr std::size_t most_useful = 4;

}  // namespace

StartThreads::StartThreads()
    : most_(std::min(util::usable_processors(), most_useful)), work_(context_.get_executor()) {
    add();
}

StartThreads::~StartThreads() {
    work_.reset();
    context_.stop();
    for (auto& thread : threads_)
        thread.join();
}

void StartThreads::add() {
    threads_.push_back(util::start_thread([this] { context_.run(); }));
}

StartThreads::Turn::Turn(StartThreads& threads) : threads_(threads) {
    if (++threads_.turns_ <= threads_.threads_.size() || threads_.threads_.size() >= threads_.most_)
        return;
    try {
        threads_.add();
    } catch (const Error&) {
        // The start waits for a thread that is there.
    }
}

}  // namespace airy::work
