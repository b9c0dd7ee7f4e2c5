// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "pool/inside.hpp"

namespace airy::pool {

namespace {
thread_local const Inside* innermost = nullptr;
}

Inside::Inside(const LaneHost& pool) noexcept : pool_(pool), outer_(innermost) {
    innermost = this;
}

Inside::~Inside() {
    innermost = outer_;
}

bool Inside::of(const LaneHost& pool) noexcept {
    for (const Inside* at = innermost; at; at = at->outer_)
        if (&at->pool_ == &pool) return true;
    return false;
}

}  // namespace airy::pool
