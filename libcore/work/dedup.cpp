// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "work/dedup.hpp"

namespace airy::work {

void Dedup::handled(const std::string& id, util::SteadyTime now) {
    forget_old(now);
    const auto [at, fresh] = ids_.insert(id);
    if (!fresh) return;
    order_.push_back({now + window_, &*at});
    if (order_.size() <= limit_) return;
    ids_.erase(*order_.front().id);
    order_.pop_front();
}

bool Dedup::knows(const std::string& id, util::SteadyTime now) {
    forget_old(now);
    return ids_.contains(id);
}

void Dedup::forget_old(util::SteadyTime now) {
    while (!order_.empty() && order_.front().until <= now) {
        ids_.erase(*order_.front().id);
        order_.pop_front();
    }
}

}  // namespace airy::work
