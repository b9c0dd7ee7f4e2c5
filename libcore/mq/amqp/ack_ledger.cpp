// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/amqp/ack_ledger.hpp"

#include <algorithm>

namespace airy::mq::amqp {

AckLedger::AckLedger(std::uint16_t prefetch, std::chrono::milliseconds patience)
    : patience_(patience) {
    set_prefetch(prefetch);
}

void AckLedger::set_prefetch(std::uint16_t prefetch) {
    threshold_ = prefetch == 0 ? 256 : std::max<std::size_t>(1, prefetch / 4);
}

void AckLedger::delivered(std::uint64_t tag) {
    if (states_.empty()) base_ = tag;
    while (base_ + states_.size() < tag)
        states_.push_back(State::sent);
    if (base_ + states_.size() == tag) states_.push_back(State::unsettled);
}

void AckLedger::settle(std::uint64_t tag, Disposition disposition, util::SteadyTime now) {
    if (tag < base_ || tag - base_ >= states_.size()) return;
    State& state = states_[tag - base_];
    if (state != State::unsettled) return;
    switch (disposition) {
        case Disposition::ack:
            state = State::ack;
            break;
        case Disposition::requeue:
            state = State::requeue;
            break;
        case Disposition::reject:
            state = State::dead_letter;
            break;
    }
    if (pending_++ == 0) first_pending_ = now;
}

bool AckLedger::due(util::SteadyTime now) const noexcept {
    return pending_ >= threshold_ || (pending_ > 0 && now >= first_pending_ + patience_);
}

util::SteadyTime AckLedger::due_at() const noexcept {
    return pending_ == 0 ? util::SteadyTime::max() : first_pending_ + patience_;
}

std::size_t AckLedger::unsent_from(std::uint64_t tag) const noexcept {
    const auto first = tag > base_ ? std::min<std::uint64_t>(tag - base_, states_.size()) : 0;
    const auto from = states_.begin() + static_cast<std::ptrdiff_t>(first);
    return static_cast<std::size_t>(
        std::count_if(from, states_.end(), [](State state) { return state != State::sent; }));
}

std::vector<AckLedger::Command> AckLedger::flush() {
    std::vector<Command> out;
    flush_prefix(out);
    flush_beyond_gap(out);
    pending_ = 0;
    return out;
}

// A run of acks below the first gap becomes one `multiple` at its last tag, which must still be
// unacknowledged at the broker; a nack is sent alone, after the acks below it.
void AckLedger::flush_prefix(std::vector<Command>& out) {
    std::uint64_t last_ack = 0;
    const auto end_run = [&] {
        if (last_ack != 0) out.push_back({last_ack, true, Disposition::ack});
        last_ack = 0;
    };
    while (!states_.empty() && states_.front() != State::unsettled) {
        switch (states_.front()) {
            case State::ack:
                last_ack = base_;
                break;
            case State::requeue:
                end_run();
                out.push_back({base_, false, Disposition::requeue});
                break;
            case State::dead_letter:
                end_run();
                out.push_back({base_, false, Disposition::reject});
                break;
            default:
                break;
        }
        states_.pop_front();
        ++base_;
    }
    end_run();
}

void AckLedger::flush_beyond_gap(std::vector<Command>& out) {
    for (std::size_t i = 0; i < states_.size(); ++i) {
        State& state = states_[i];
        if (state == State::unsettled || state == State::sent) continue;
        const auto disposition = state == State::ack       ? Disposition::ack
                                 : state == State::requeue ? Disposition::requeue
                                                           : Disposition::reject;
        out.push_back({base_ + i, false, disposition});
        state = State::sent;
    }
}

}  // namespace airy::mq::amqp
