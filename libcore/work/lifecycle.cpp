// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "work/lifecycle.hpp"

#include <utility>

namespace airy::work {

LifecycleEffect Lifecycle::on(LifecycleEvent event, StopReason reason) noexcept {
    using Effect = LifecycleEffect;
    switch (event) {
        case LifecycleEvent::begin:
            return std::exchange(begun_, true) ? Effect::none : Effect::announce;
        case LifecycleEvent::pause:
            paused_ = true;
            break;
        case LifecycleEvent::resume:
            paused_ = false;
            tripped_ = false;  // an operator's order overrides the breaker
            break;
        case LifecycleEvent::interrupt:
            connected_ = false;
            break;
        case LifecycleEvent::restore:
            if (!std::exchange(connected_, true)) ++reconnects_;
            break;
        case LifecycleEvent::trip:
            tripped_ = true;
            break;
        case LifecycleEvent::recover:
            tripped_ = false;
            break;
        case LifecycleEvent::lose:
            lost_ = true;
            return stop(StopReason::failed);
        case LifecycleEvent::stop:
            return stop(reason);
        case LifecycleEvent::signal:
            return signal();
        case LifecycleEvent::finish:
            stopping_ = true;
            finished_ = true;
            break;
    }
    return Effect::none;
}

LifecycleEffect Lifecycle::stop(StopReason reason) noexcept {
    if (std::exchange(stopping_, true)) return LifecycleEffect::none;
    reason_ = reason;
    signalled_away_ = reason == StopReason::signal && !connected_;
    return LifecycleEffect::drain;
}

LifecycleEffect Lifecycle::signal() noexcept {
    if (std::exchange(signalled_, true))
        return std::exchange(hurried_, true) ? LifecycleEffect::none : LifecycleEffect::hurry;
    return stop(StopReason::signal);
}

ConsumerState Lifecycle::state() const noexcept {
    if (finished_) return ConsumerState::stopped;
    if (stopping_) return ConsumerState::draining;
    if (!begun_) return ConsumerState::starting;
    if (!connected_) return ConsumerState::reconnecting;
    if (paused_) return ConsumerState::paused;
    return tripped_ ? ConsumerState::tripped : ConsumerState::running;
}

}  // namespace airy::work
