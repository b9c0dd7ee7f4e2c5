// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "request/book.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "util/duration.hpp"
#include "util/text.hpp"
#include "util/uuid.hpp"
#include "work/reply.hpp"

namespace airy::tools::request {
namespace {

constexpr std::string_view reply_hint =
    "a consumer with --reply answers; --timeout waits longer for it";

// The handler's words, if the reply tells of a failure.
std::optional<std::string> error_in(const event::Message& reply) {
    const auto found =
        std::ranges::find(reply.headers, work::reply_error_header, &event::HeaderField::first);
    if (found == reply.headers.end()) return std::nullopt;
    const auto* const words = std::get_if<std::string>(&found->second.value);
    return words == nullptr ? std::string() : *words;
}

}  // namespace

Book::Book(const BookOptions& options, Tell tell, Fail fail)
    : options_(options), tell_(std::move(tell)), fail_(std::move(fail)) {}

Book::Number Book::open(std::uint64_t line, event::Message& message, util::SteadyTime now) {
    const auto& id = message.properties.message_id;
    const bool usable = id && !id->empty() && !by_id_.contains(*id);
    message.properties.correlation_id = usable ? *id : util::uuid_v4();
    const auto number = ++last_;
    Entry entry;
    entry.line = line;
    entry.id = *message.properties.correlation_id;
    if (options_.keeps_messages) entry.message = message;
    entry.due = options_.timeout ? now + *options_.timeout : util::SteadyTime::max();
    by_id_.emplace(entry.id, number);
    entries_.emplace(number, std::move(entry));
    return number;
}

void Book::submitted(Number number, std::uint64_t sequence) {
    by_sequence_.emplace(sequence, number);
    if (const auto at = entries_.find(number); at != entries_.end()) at->second.confirmed = false;
}

bool Book::is_open(Number number) const {
    const auto at = entries_.find(number);
    return at != entries_.end() && !at->second.closed;
}

std::optional<event::Message> Book::message_of(Number number) const {
    if (!is_open(number)) return std::nullopt;
    return entries_.at(number).message;
}

std::vector<Book::Number> Book::confirmed() const {
    std::vector<Number> numbers;
    for (const auto& [number, entry] : entries_)
        if (entry.confirmed && !entry.closed) numbers.push_back(number);
    return numbers;
}

void Book::refuse(Number number, const Error& error) {
    if (is_open(number)) fail(entries_.find(number), error);
}

void Book::take(const mq::Outcome& outcome) {
    const auto sent = by_sequence_.extract(outcome.sequence);
    if (!sent) return;
    if (!is_open(sent.mapped())) return;
    const auto at = entries_.find(sent.mapped());
    using Kind = mq::Outcome::Kind;
    switch (outcome.kind) {
        case Kind::confirmed:
            at->second.confirmed = true;
            return;
        case Kind::unroutable:
            return fail(at, Error(ErrorKind::undelivered,
                                  fmt::format("the request was not delivered: no queue is bound "
                                              "for it ({} {})",
                                              outcome.code, util::printable(outcome.reason)),
                                  "airy consume PATTERN --queue QUEUE --reply -- CMD binds one and "
                                  "answers"));
        case Kind::refused:
            return fail(at,
                        Error(ErrorKind::undelivered,
                              fmt::format("the request was not delivered: {}",
                                          outcome.reason.empty()
                                              ? "the broker refused it (a full queue, or an error)"
                                              : util::printable(outcome.reason, 600))));
    }
}

void Book::take(const mq::Delivered& reply) {
    const auto& id = reply.message.properties.correlation_id;
    const auto found = id ? by_id_.find(*id) : by_id_.end();
    if (found == by_id_.end()) {
        ++dropped_;
        return;
    }
    const auto at = entries_.find(found->second);
    auto& entry = at->second;
    ++replies_;
    ++entry.replies;
    if (!options_.ordered || at == entries_.begin())
        tell(reply);
    else
        entry.held.push_back(reply);
    if (auto words = error_in(reply.message); words && !entry.failure)
        entry.failure = Error(
            ErrorKind::handler,
            words->empty()
                ? std::string("the handler gave the request up")
                : fmt::format("the handler gave the request up: {}", util::printable(*words, 1100)),
            "the dead-letter queue of its consumer keeps it, unless that discards "
            "what it gives up");
    if (entry.replies < options_.replies) return;
    if (entry.failure)
        fail(at, *entry.failure);
    else
        close(at);
}

void Book::tell(const mq::Delivered& reply) const {
    tell_(reply, error_in(reply.message).has_value());
}

// Requests are due in their order.
void Book::expire(util::SteadyTime now) {
    while (true) {
        const auto at = std::ranges::find_if(
            entries_, [](const auto& numbered) { return !numbered.second.closed; });
        if (at == entries_.end() || at->second.due > now) return;
        fail(at, late(at->second));
    }
}

Error Book::late(const Entry& entry) const {
    if (entry.failure) return *entry.failure;
    const auto waited = util::format_duration(*options_.timeout);
    if (entry.replies > 0)
        return Error(
            ErrorKind::timeout,
            fmt::format("{} of {} replies came within {}", entry.replies, options_.replies, waited),
            std::string(reply_hint));
    if (entry.confirmed)
        return Error(ErrorKind::timeout, fmt::format("no reply came within {}", waited),
                     std::string(reply_hint));
    return Error(ErrorKind::undelivered,
                 fmt::format("the broker did not confirm the request within {}; whether it will be "
                             "delivered is uncertain",
                             waited),
                 "airy check broker tells whether it is blocked");
}

std::optional<util::SteadyTime> Book::next_due() const {
    for (const auto& [number, entry] : entries_)
        if (!entry.closed)
            return entry.due == util::SteadyTime::max() ? std::nullopt : std::optional(entry.due);
    return std::nullopt;
}

void Book::close(Entries::iterator at) {
    auto& entry = at->second;
    ++answered_;
    entry.closed = true;
    by_id_.erase(entry.id);
    if (options_.ordered)
        tell_next();
    else
        entries_.erase(at);
}

void Book::fail(Entries::iterator at, Error error) {
    auto& entry = at->second;
    ++failed_;
    entry.closed = true;
    by_id_.erase(entry.id);
    if (options_.ordered) {
        entry.failure = std::move(error);
        return tell_next();
    }
    const auto line = entry.line;
    entries_.erase(at);
    fail_(line, error);
}

// Tells the replies and failures that wait for their turn, up to the first request that is open.
void Book::tell_next() {
    while (!entries_.empty()) {
        auto& first = entries_.begin()->second;
        for (const auto& reply : std::exchange(first.held, {}))
            tell(reply);
        if (!first.closed) return;
        const auto line = first.line;
        const auto failure = std::move(first.failure);
        entries_.erase(entries_.begin());
        if (failure) fail_(line, *failure);
    }
}

}  // namespace airy::tools::request
