// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "work/waiting_line.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace airy::work {

WaitingLine::Place WaitingLine::place_of(const Waiting& waiting) const {
    if (!by_priority_) return {0, waiting.number};
    const unsigned priority = waiting.delivered.message.properties.priority.value_or(0);
    return {highest_priority - std::min(priority, most_priority_), waiting.number};
}

const mq::Delivered& WaitingLine::let_start(Waiting&& waiting, Key key) {
    const auto place = place_of(waiting);
    // The usual message is the last of all. A Delivered is large: one move.
    const auto at = startable_.emplace_hint(startable_.end(), std::piecewise_construct,
                                            std::forward_as_tuple(place),
                                            std::forward_as_tuple(std::move(waiting), key));
    return at->second.waiting.delivered;
}

const mq::Delivered* WaitingLine::add(mq::Delivered delivered, util::SteadyTime now) {
    Waiting waiting{std::move(delivered), now, ++arrivals_};
    if (!key_of_) {
        let_start(std::move(waiting), nullptr);
        return nullptr;
    }
    auto key = key_of_->of(waiting.delivered.message, waiting.delivered.queue);
    if (!key) {
        const auto& keyless = let_start(std::move(waiting), nullptr);
        return std::exchange(met_without_key_, true) ? nullptr : &keyless;
    }
    const auto [at, fresh] = keys_.try_emplace(std::move(*key));
    if (fresh) {
        let_start(std::move(waiting), &*at);
    } else {
        at->second.push_back(std::move(waiting));
        ++behind_;
    }
    return nullptr;
}

util::SteadyTime WaitingLine::oldest() const {
    // The first of each rank is the oldest of it.
    auto oldest = util::SteadyTime::max();
    for (auto at = startable_.begin(); at != startable_.end();
         at = startable_.lower_bound({at->first.rank + 1, 0}))
        oldest = std::min(oldest, at->second.waiting.since);
    return oldest;
}

Waiting WaitingLine::begin_first() {
    auto first = startable_.extract(startable_.begin());
    auto& [waiting, key] = first.mapped();
    if (key != nullptr) begun_.emplace(waiting.delivered.handle, Begun{key, waiting.number});
    return std::move(waiting);
}

Waiting WaitingLine::remove_first() {
    auto first = startable_.extract(startable_.begin());
    auto& [waiting, key] = first.mapped();
    if (key != nullptr) next_of(key);
    return std::move(waiting);
}

// The first of the key's messages is gone.
void WaitingLine::next_of(Key key) {
    auto& behind = key->second;
    if (behind.empty()) {
        keys_.erase(keys_.find(key->first));
        return;
    }
    let_start(std::move(behind.front()), key);
    behind.pop_front();
    --behind_;
}

void WaitingLine::put_back(Waiting waiting) {
    const auto begun = begun_.extract(waiting.delivered.handle);
    let_start(std::move(waiting), begun ? begun.mapped().key : nullptr);
}

void WaitingLine::finish(mq::DeliveryHandle handle) {
    if (const auto begun = begun_.extract(handle)) next_of(begun.mapped().key);
}

void WaitingLine::hold(mq::DeliveryHandle handle) {
    if (const auto begun = begun_.find(handle); begun != begun_.end()) begun->second.held = true;
}

void WaitingLine::again(mq::Delivered delivered, util::SteadyTime now) {
    const auto begun = begun_.extract(delivered.handle);
    if (begun)
        let_start({std::move(delivered), now, begun.mapped().number}, begun.mapped().key);
    else
        add(std::move(delivered), now);
}

void WaitingLine::release_held(const std::function<bool(mq::DeliveryHandle)>& gone) {
    std::vector<mq::DeliveryHandle> released;
    for (const auto& [handle, begun] : begun_)
        if (begun.held && gone(handle)) released.push_back(handle);
    for (const auto handle : released)
        finish(handle);
}

void WaitingLine::drop(const std::function<bool(const mq::Delivered&)>& dropped) {
    for (auto& [key, behind] : keys_)
        behind_ -= std::erase_if(
            behind, [&](const Waiting& waiting) { return dropped(waiting.delivered); });
    std::vector<Key> left;
    std::erase_if(startable_, [&](const auto& entry) {
        const auto& [waiting, key] = entry.second;
        if (!dropped(waiting.delivered)) return false;
        if (key != nullptr) left.push_back(key);
        return true;
    });
    for (auto* key : left)
        next_of(key);
}

std::vector<mq::Delivered> WaitingLine::give_up() {
    std::vector<Waiting> all;
    all.reserve(size());
    while (!startable_.empty())
        all.push_back(remove_first());
    std::ranges::sort(all, {}, &Waiting::number);
    std::vector<mq::Delivered> out;
    out.reserve(all.size());
    for (auto& waiting : all)
        out.push_back(std::move(waiting.delivered));
    return out;
}

}  // namespace airy::work
