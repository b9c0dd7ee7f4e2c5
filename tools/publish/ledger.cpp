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

std::string no_queue(const mq::Outcome& unroutable) {
    return fmt::format("no queue is bound for it ({} {})", unroutable.code, unroutable.reason);
}

}  // namespace

void Ledger::submitted(std::uint64_t line, std::string event_id, std::string topic,
                       std::string text) {
    Entry entry;
    entry.line = line;
    entry.event_id = std::move(event_id);
    entry.topic = std::move(topic);
    if (keep_text_) entry.text = std::move(text);
    entries_.push_back(std::move(entry));
    ++open_;
}

void Ledger::note_failure(std::uint64_t line, const Error& error) {
    if (first_ && first_->line <= line) return;
    first_ = {line, error};
}

void Ledger::invalid(std::uint64_t line, const Error& error) {
    note_failure(line, error);
}

void Ledger::print(const Entry& entry) const {
    if (common_options().quiet) return;
    if (!json_) {
        if (entry.state == State::confirmed) output::print(entry.event_id + "\n");
        return;
    }
    std::optional<bool> routed;
    if (entry.state == State::failed)
        routed = false;
    else if (mandatory_ && confirm_)
        routed = true;
    output::print(util::JsonObject()
                      .add("event_id", entry.event_id)
                      .add("topic", entry.topic)
                      .add("confirmed", confirm_)
                      .add("routed", routed)
                      .line());
}

std::optional<Ledger::Failure> Ledger::settle(std::uint64_t sequence, bool delivered,
                                              const std::string& why, std::string_view hint) {
    if (sequence < base_ || sequence - base_ >= entries_.size()) return std::nullopt;
    Entry& entry = entries_[sequence - base_];
    if (entry.state != State::open) return std::nullopt;
    --open_;
    std::optional<Failure> failure;
    if (delivered) {
        entry.state = State::confirmed;
        ++confirmed_;
    } else {
        entry.state = State::failed;
        ++undelivered_;
        const std::string what = fmt::format("{} was not delivered: {}",
                                             util::printable(entry.topic), util::printable(why));
        note_failure(entry.line, Error(ErrorKind::undelivered, what, std::string(hint)));
        failure = Failure{entry.line, what, std::move(entry.text)};
    }
    while (!entries_.empty() && entries_.front().state != State::open) {
        print(entries_.front());
        entries_.pop_front();
        ++base_;
    }
    return failure;
}

// The message counted as sent, and its entry is gone.
void Ledger::take_return(const mq::Outcome& returned) {
    if (confirmed_ > 0) --confirmed_;
    ++undelivered_;
    return_reason_ = no_queue(returned);
}

std::optional<Ledger::Failure> Ledger::take(const mq::Outcome& outcome) {
    using Kind = mq::Outcome::Kind;
    switch (outcome.kind) {
        case Kind::confirmed:
            return settle(outcome.sequence, true, {}, {});
        case Kind::refused:
            return settle(outcome.sequence, false,
                          "the broker refused it (a full queue, or an error)",
                          "airy stats queues shows how full they are");
        case Kind::unroutable:
            break;
    }
    if (outcome.sequence != 0) return settle(outcome.sequence, false, no_queue(outcome), bind_hint);
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
            throw error.reworded(fmt::format("{}; {} were confirmed, {} are uncertain",
                                             error.what(), confirmed_, open_));
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
