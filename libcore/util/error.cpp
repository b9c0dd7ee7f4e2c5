// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "util/error.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

namespace airy {
namespace {

struct Row {
    Reason reason;
    ErrorKind kind;
    std::string_view word;
};

constexpr Row rows[] = {
    {Reason::general, ErrorKind::general, "general"},
    {Reason::look_unsafe, ErrorKind::general, "look_unsafe"},
    {Reason::in_use, ErrorKind::general, "in_use"},
    {Reason::exclusively_consumed, ErrorKind::general, "exclusively_consumed"},
    {Reason::not_implemented, ErrorKind::general, "not_implemented"},

    {Reason::usage, ErrorKind::usage, "usage"},
    {Reason::invalid_argument, ErrorKind::usage, "invalid_argument"},
    {Reason::several_consumers, ErrorKind::usage, "several_consumers"},
    {Reason::argument_taken, ErrorKind::usage, "argument_taken"},
    {Reason::reserved_name, ErrorKind::usage, "reserved_name"},
    {Reason::unsupported, ErrorKind::usage, "unsupported"},
    {Reason::authorities_unreadable, ErrorKind::usage, "authorities_unreadable"},
    {Reason::certificate_unusable, ErrorKind::usage, "certificate_unusable"},
    {Reason::key_encrypted, ErrorKind::usage, "key_encrypted"},
    {Reason::part_of_pair_missing, ErrorKind::usage, "part_of_pair_missing"},
    {Reason::url_parameter_elsewhere, ErrorKind::usage, "url_parameter_elsewhere"},

    {Reason::unreachable, ErrorKind::unreachable, "unreachable"},
    {Reason::host_not_found, ErrorKind::unreachable, "host_not_found"},
    {Reason::nobody_listens, ErrorKind::unreachable, "nobody_listens"},
    {Reason::answer_late, ErrorKind::unreachable, "answer_late"},
    {Reason::connection_lost, ErrorKind::unreachable, "connection_lost"},
    {Reason::connection_ended, ErrorKind::unreachable, "connection_ended"},
    {Reason::interrupted, ErrorKind::unreachable, "interrupted"},
    {Reason::login_refused, ErrorKind::unreachable, "login_refused"},
    {Reason::login_not_offered, ErrorKind::unreachable, "login_not_offered"},
    {Reason::limit_reached, ErrorKind::unreachable, "limit_reached"},
    {Reason::no_virtual_host, ErrorKind::unreachable, "no_virtual_host"},
    {Reason::tls_too_old, ErrorKind::unreachable, "tls_too_old"},
    {Reason::certificate_untrusted, ErrorKind::unreachable, "certificate_untrusted"},
    {Reason::certificate_expired, ErrorKind::unreachable, "certificate_expired"},
    {Reason::certificate_of_other_host, ErrorKind::unreachable, "certificate_of_other_host"},
    {Reason::access_refused, ErrorKind::unreachable, "access_refused"},
    {Reason::handler_too_slow, ErrorKind::unreachable, "handler_too_slow"},
    {Reason::file_of_another_program, ErrorKind::unreachable, "file_of_another_program"},
    {Reason::file_damaged, ErrorKind::unreachable, "file_damaged"},
    {Reason::queue_damaged, ErrorKind::unreachable, "queue_damaged"},
    {Reason::management_unreachable, ErrorKind::unreachable, "management_unreachable"},
    {Reason::management_late, ErrorKind::unreachable, "management_late"},
    {Reason::management_unusable, ErrorKind::unreachable, "management_unusable"},

    {Reason::undelivered, ErrorKind::undelivered, "undelivered"},
    {Reason::too_large, ErrorKind::undelivered, "too_large"},
    {Reason::disk_full, ErrorKind::undelivered, "disk_full"},
    {Reason::publish_refused, ErrorKind::undelivered, "publish_refused"},
    {Reason::publish_forbidden, ErrorKind::undelivered, "publish_forbidden"},

    {Reason::timeout, ErrorKind::timeout, "timeout"},

    {Reason::handler, ErrorKind::handler, "handler"},

    {Reason::not_found, ErrorKind::not_found, "not_found"},
    {Reason::queue_not_found, ErrorKind::not_found, "queue_not_found"},
    {Reason::queue_deleted, ErrorKind::not_found, "queue_deleted"},
    {Reason::exchange_not_found, ErrorKind::not_found, "exchange_not_found"},
    {Reason::consumer_not_found, ErrorKind::not_found, "consumer_not_found"},
    {Reason::resource_locked, ErrorKind::not_found, "resource_locked"},
    {Reason::differs, ErrorKind::not_found, "differs"},
    {Reason::exchange_differs, ErrorKind::not_found, "exchange_differs"},

    {Reason::invalid_event, ErrorKind::invalid_event, "invalid_event"},
    {Reason::unknown_event_type, ErrorKind::invalid_event, "unknown_event_type"},
    {Reason::field_missing, ErrorKind::invalid_event, "field_missing"},
    {Reason::topic_missing, ErrorKind::invalid_event, "topic_missing"},
    {Reason::no_samples, ErrorKind::invalid_event, "no_samples"},
};

// A reason is the index of its row.
static_assert([] {
    for (std::size_t i = 0; i < std::size(rows); ++i)
        if (rows[i].reason != static_cast<Reason>(i)) return false;
    return true;
}());

constexpr auto reasons = [] {
    std::array<Reason, std::size(rows)> list{};
    std::ranges::transform(rows, list.begin(), &Row::reason);
    return list;
}();

const Row& row_of(Reason reason) noexcept {
    return rows[static_cast<std::size_t>(reason)];
}

Reason first_of(ErrorKind kind) noexcept {
    return std::ranges::find(rows, kind, &Row::kind)->reason;
}

}  // namespace

ErrorKind kind_of(Reason reason) noexcept {
    return row_of(reason).kind;
}

std::string_view word_of(Reason reason) noexcept {
    return row_of(reason).word;
}

std::optional<Reason> reason_of(std::string_view word) noexcept {
    const auto* const row = std::ranges::find(rows, word, &Row::word);
    if (row == std::end(rows)) return std::nullopt;
    return row->reason;
}

std::span<const Reason> all_reasons() noexcept {
    return reasons;
}

Error::Error(ErrorKind kind, const std::string& message, std::string hint)
    : Error(first_of(kind), message, std::move(hint)) {}

Error Error::reworded(const std::string& message) const {
    Error error(reason_, message, hint_);
    error.subject_ = subject_;
    error.permanent_ = permanent_;
    return error;
}

Error Error::because(Reason reason) const {
    Error error = *this;
    error.reason_ = reason;
    return error;
}

Error Error::hinted(std::string hint) const {
    Error error = *this;
    error.hint_ = std::move(hint);
    return error;
}

}  // namespace airy
