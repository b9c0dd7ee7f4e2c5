// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "publish/ledger.hpp"

#include <fmt/core.h>

#include <exception>
#include <optional>
#include <utility>

#include "options.hpp"
#include "output/stream.hpp"
#include "reconnect_option.hpp"
#include "util/json_writer.hpp"
#include "util/text.hpp"

namespace airy::tools::publish {
namespace {

constexpr std::string_view bind_hint =
    "airy queue declare QUEUE --bind PATTERN binds one; so does a consumer";

constexpr std::string_view go_on_hint = "--keep-going passes it by and publishes the others";
constexpr std::string_view full_hint = "airy stats queues shows how full they are";

std::string refusal_of(const Submission& about) {
    return fmt::format("the broker refused it {}(a full queue, or an error)",
                       about.refusals > 1 ? fmt::format("{} times ", about.refusals) : "");
}

std::string no_queue(const mq::Outcome& unroutable) {
    return fmt::format("no queue is bound for it ({} {})", unroutable.code, unroutable.reason);
}

}  // namespace

void Ledger::submitted(Submission about) {
    entries_.push_back({std::move(about)});
    ++open_;
}

void Ledger::note_failure(std::uint64_t line, const Error& error) {
    if (first_ && first_->line <= line) return;
    first_ = {line, error};
}

void Ledger::unsent(std::uint64_t line, const Error& error) {
    ++(error.kind() == ErrorKind::undelivered ? undelivered_ : invalid_);
    note_failure(line, error);
}

void Ledger::print(const Entry& entry) const {
    if (common_options().quiet || entry.state == State::taken_back) return;
    if (!json_) {
        if (entry.state == State::confirmed) output::print(entry.about.event_id + "\n");
        return;
    }
    std::optional<bool> routed;
    if (entry.state == State::failed)
        routed = false;
    else if (mandatory_ && confirm_)
        routed = true;
    output::print(util::JsonObject()
                      .add("event_id", entry.about.event_id)
                      .add("topic", entry.about.topic)
                      .add("confirmed", confirm_)
                      .add("routed", routed)
                      .line());
}

Ledger::Entry* Ledger::open_entry(std::uint64_t sequence) {
    if (sequence < base_ || sequence - base_ >= entries_.size()) return nullptr;
    auto& entry = entries_[sequence - base_];
    return entry.state == State::open ? &entry : nullptr;
}

Submission* Ledger::find(const mq::PublisherEvent& event) {
    const auto outcome = mq::outcome_of(event);
    auto* const entry = outcome ? open_entry(outcome->sequence) : nullptr;
    return entry == nullptr ? nullptr : &entry->about;
}

void Ledger::settle(Entry& entry, State state) {
    --open_;
    entry.state = state;
    while (!entries_.empty() && entries_.front().state != State::open) {
        print(entries_.front());
        entries_.pop_front();
        ++base_;
    }
}

Submission Ledger::take_back(const mq::Refused& refused) {
    auto* const entry = open_entry(refused.sequence);
    if (entry == nullptr) return {};
    auto about = std::move(entry->about);
    settle(*entry, State::taken_back);
    return about;
}

Ledger::Failure Ledger::failure_of(Submission about, const std::string& why,
                                   std::string_view hint) {
    ++undelivered_;
    const std::string what = fmt::format("{} was not delivered: {}", util::printable(about.topic),
                                         util::printable(why, 600));
    note_failure(about.line, Error(ErrorKind::undelivered, what, std::string(hint)));
    return {about.line, what, std::move(about.text)};
}

Ledger::Failure Ledger::give_up(Submission about) {
    const auto why = refusal_of(about);
    return failure_of(std::move(about), why, full_hint);
}

std::optional<Ledger::Failure> Ledger::fail(std::uint64_t sequence, const std::string& why,
                                            std::string_view hint) {
    auto* const entry = open_entry(sequence);
    if (entry == nullptr) return std::nullopt;
    auto about = entry->about;  // the entry is printed and removed in its turn
    settle(*entry, State::failed);
    return failure_of(std::move(about), why, hint);
}

// The message counted as sent, and its entry is gone.
void Ledger::take_return(const mq::Outcome& returned) {
    if (confirmed_ > 0) --confirmed_;
    ++undelivered_;
    return_reason_ = no_queue(returned);
}

std::optional<Ledger::Failure> Ledger::take(const mq::Outcome& outcome) {
    using Kind = mq::Outcome::Kind;
    auto* const entry = open_entry(outcome.sequence);
    switch (outcome.kind) {
        case Kind::confirmed:
            if (entry == nullptr) return std::nullopt;
            ++confirmed_;
            settle(*entry, State::confirmed);
            return std::nullopt;
        case Kind::refused:
            if (entry == nullptr) return std::nullopt;
            if (!outcome.reason.empty())
                return fail(outcome.sequence, outcome.reason,
                            entry->about.line == 0 ? std::string_view{} : go_on_hint);
            return fail(outcome.sequence, refusal_of(entry->about), full_hint);
        case Kind::unroutable:
            break;
    }
    if (outcome.sequence != 0) return fail(outcome.sequence, no_queue(outcome), bind_hint);
    take_return(outcome);
    return std::nullopt;
}

std::optional<Ledger::Failure> Ledger::take(const mq::PublisherEvent& event) {
    if (const auto outcome = mq::outcome_of(event)) return take(*outcome);
    if (const auto* blocked = std::get_if<mq::Blocked>(&event))
        output::note(fmt::format("airy: the broker blocks publishers ({}); waiting",
                                 util::printable(blocked->reason)));
    if (std::holds_alternative<mq::Unblocked>(event))
        output::note("airy: the broker takes events again");
    if (const auto* interrupted = std::get_if<mq::Interrupted>(&event);
        interrupted && interrupted->attempt == 0)
        output::note(fmt::format("airy: {}; trying again", describe(*interrupted)));
    if (std::holds_alternative<mq::Restored>(event)) output::note("airy: connected again");
    if (const auto* lost = std::get_if<mq::Lost>(&event)) {
        try {
            std::rethrow_exception(lost->error);
        } catch (const Error& error) {
            if (confirmed_ + open_ <= 1) throw;
            throw error.reworded(confirm_
                                     ? fmt::format("{}; {} were confirmed, {} are uncertain",
                                                   error.what(), confirmed_, open_)
                                     : fmt::format("{}; any of the {} that were sent may be lost",
                                                   error.what(), confirmed_ + open_));
        }
    }
    return std::nullopt;
}

void Ledger::print_out_of_order() {
    for (const auto& entry : entries_)
        if (entry.state == State::confirmed) print(entry);
}

std::optional<Error> Ledger::first_error() const {
    if (!first_ && !return_reason_.empty())
        return Error(ErrorKind::undelivered,
                     fmt::format("{} of {} events sent were not delivered: {}", undelivered_,
                                 confirmed_ + undelivered_, return_reason_),
                     std::string(bind_hint));
    if (!first_) return std::nullopt;
    if (first_->line == 0) return first_->error;
    return first_->error.reworded(fmt::format("line {}: {}; {} were confirmed", first_->line,
                                              first_->error.what(), confirmed_));
}

}  // namespace airy::tools::publish
