// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "work/observer.hpp"

namespace airy::work {

std::string_view to_string(Conclusion conclusion) noexcept {
    switch (conclusion) {
        case Conclusion::ack:
            return "ack";
        case Conclusion::retry:
            return "retry";
        case Conclusion::dead_letter:
            return "dead_letter";
        case Conclusion::discard:
            return "discard";
        case Conclusion::give_back:
            return "give_back";
        case Conclusion::duplicate:
            return "duplicate";
        case Conclusion::lost:
            break;
    }
    return "lost";
}

void Observers::state_changed(ConsumerState state) {
    for (auto* observer : all_)
        observer->state_changed(state);
}

void Observers::began(std::uint64_t run, std::span<const mq::Delivered> batch,
                      std::span<const util::SteadyTime> since) {
    for (auto* observer : all_)
        observer->began(run, batch, since);
}

void Observers::ended(std::uint64_t run, std::span<const mq::Delivered> batch,
                      std::chrono::nanoseconds took, bool handled) {
    for (auto* observer : all_)
        observer->ended(run, batch, took, handled);
}

void Observers::failed(const mq::Delivered& delivered, const HandlerResult& result,
                       const Decision& decision) {
    for (auto* observer : all_)
        observer->failed(delivered, result, decision);
}

void Observers::concluded(const mq::Delivered& delivered, Conclusion conclusion,
                          const Course& course) {
    for (auto* observer : all_)
        observer->concluded(delivered, conclusion, course);
}

void Observers::without_id(const mq::Delivered& delivered) {
    for (auto* observer : all_)
        observer->without_id(delivered);
}

void Observers::without_key(const mq::Delivered& delivered) {
    for (auto* observer : all_)
        observer->without_key(delivered);
}

void Observers::copied(std::chrono::nanoseconds after) {
    for (auto* observer : all_)
        observer->copied(after);
}

void Observers::not_settled(const mq::Delivered& delivered, Action action, const Error& error) {
    for (auto* observer : all_)
        observer->not_settled(delivered, action, error);
}

void Observers::breaker_opened(std::chrono::seconds pause, const mq::Delivered& last) {
    for (auto* observer : all_)
        observer->breaker_opened(pause, last);
}

void Observers::breaker_closed() {
    for (auto* observer : all_)
        observer->breaker_closed();
}

void Observers::service_absent(std::chrono::seconds pause, const mq::Delivered& last,
                               std::string_view reason, bool first) {
    for (auto* observer : all_)
        observer->service_absent(pause, last, reason, first);
}

void Observers::service_present() {
    for (auto* observer : all_)
        observer->service_present();
}

void Observers::interrupted(const mq::Interrupted& event, bool first) {
    for (auto* observer : all_)
        observer->interrupted(event, first);
}

void Observers::restored(std::uint64_t reconnects) {
    for (auto* observer : all_)
        observer->restored(reconnects);
}

void Observers::drain_time_over(std::size_t messages) {
    for (auto* observer : all_)
        observer->drain_time_over(messages);
}

}  // namespace airy::work
