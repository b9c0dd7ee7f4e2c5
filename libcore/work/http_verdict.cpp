// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "work/http_verdict.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "net/http_date.hpp"
#include "util/text.hpp"

namespace airy::work {
namespace {

constexpr std::size_t reason_part = 300;  // bytes of an answer in a log line
// A server may not hold a message back for longer.
constexpr std::chrono::hours longest_hold{24};

bool may_succeed_later(unsigned status) noexcept {
    return status == 408 || status == 425 || status == 429 || status < 400 || status >= 500;
}

std::string_view without_blank_ends(std::string_view text) {
    constexpr std::string_view blanks = " \t\r\n";
    text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size()));
    return text.substr(0, text.find_last_not_of(blanks) + 1);
}

std::optional<std::chrono::milliseconds> wanted_delay(const net::HttpResponse& answer,
                                                      util::SystemTime now) {
    const auto* value = answer.header("Retry-After");
    if (value == nullptr) return std::nullopt;
    // The server's date is by its own clock, and so is the time that it tells.
    const auto* date = answer.header("Date");
    const auto there = date != nullptr ? net::parse_http_date(*date) : std::nullopt;
    const auto wait = net::parse_retry_after(*value, there.value_or(now));
    if (!wait) return std::nullopt;
    return std::min<std::chrono::milliseconds>(*wait, longest_hold);
}

}  // namespace

HandlerResult judge(const net::HttpResponse& answer, const util::SecretMask& mask,
                    util::SystemTime now) {
    if (answer.status >= 200 && answer.status < 300) return {};
    const auto text = mask.masked(answer.body, answer.cut).substr(0, kept_answer);
    const auto words = without_blank_ends(text);
    const auto status = fmt::format("HTTP {}{}", answer.status, words.empty() ? "" : ": ");
    HandlerResult result;
    result.verdict = Verdict::reject;
    if (may_succeed_later(answer.status)) {
        result.verdict = Verdict::retry;
        result.retry_after = wanted_delay(answer, now);
    }
    result.reason = status + util::printable(words, reason_part);
    result.detail.line = status + std::string(words);
    result.detail.code = static_cast<int>(answer.status);
    return result;
}

HandlerResult judge_unanswered(const Error& error) {
    const bool connected =
        error.reason() == Reason::answer_late || error.reason() == Reason::connection_lost;
    const bool absent = error.kind() == ErrorKind::unreachable && !connected;
    HandlerResult result;
    result.verdict = absent ? Verdict::unavailable : Verdict::retry;
    result.reason = error.what();
    result.detail.line = error.what();
    return result;
}

bool may_blame_a_part(const HandlerResult& failure) noexcept {
    switch (failure.detail.code.value_or(0)) {
        case 408:
        case 425:
        case 429:
        case 502:
        case 503:
        case 504:
            return false;
        default:
            return failure.detail.code >= 400;
    }
}

bool repeats_elsewhere(unsigned status) noexcept {
    return status == 301 || status == 302 || status == 307 || status == 308;
}

bool names_a_page(unsigned status) noexcept {
    return status == 303;
}

}  // namespace airy::work
