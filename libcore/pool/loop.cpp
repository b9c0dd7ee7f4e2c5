// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "pool/loop.hpp"

#include "util/limits.hpp"

namespace airy::pool {

Loop::Loop()
    : work_(context_.get_executor()), thread_(util::start_thread([this] { context_.run(); })) {}

Loop::~Loop() {
    context_.stop();
    thread_.join();
}

}  // namespace airy::pool
