// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/copies/letter.hpp"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <type_traits>
#include <utility>
#include <variant>

#include "util/text.hpp"
#include "util/timestamp.hpp"

namespace airy::mq::copies {
namespace {

using event::HeaderTable;
using event::HeaderValue;

constexpr std::string_view own_prefix = "x-airy-";
constexpr std::string_view past_prefix = "x-airy-past-";  // before a header of an earlier death
constexpr std::size_t error_limit = 1200;                 // bytes: 1 KiB and words before it

const HeaderValue* find(const HeaderTable& headers, std::string_view wanted) {
    for (const auto& [name, value] : headers)
        if (name == wanted) return &value;
    return nullptr;
}

std::optional<std::string> text_of(const HeaderTable& headers, std::string_view wanted) {
    const auto* value = find(headers, wanted);
    if (value == nullptr) return std::nullopt;
    const auto* text = std::get_if<std::string>(&value->value);
    return text == nullptr ? std::nullopt : std::optional(*text);
}

std::optional<unsigned> count_in(const HeaderTable& headers, std::string_view wanted) noexcept {
    const auto* found = find(headers, wanted);
    if (found == nullptr) return std::nullopt;
    return std::visit(
        [](const auto& value) -> std::optional<unsigned> {
            using T = std::decay_t<decltype(value)>;
            if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) {
                constexpr unsigned most = 1'000'000;
                if (value >= 0)
                    return static_cast<unsigned>(
                        std::min<std::uint64_t>(static_cast<std::uint64_t>(value), most));
            }
            return std::nullopt;
        },
        found->value);
}

void remove(HeaderTable& headers, std::string_view unwanted) {
    std::erase_if(headers, [&](const auto& header) { return header.first == unwanted; });
}

void set(HeaderTable& headers, std::string_view name, HeaderValue value) {
    remove(headers, name);
    headers.push_back({std::string(name), std::move(value)});
}

std::optional<std::string> take_text(HeaderTable& headers, std::string_view name) {
    auto text = text_of(headers, name);
    remove(headers, name);
    return text;
}

// Moves out the headers whose names `wanted` accepts.
template <typename Wanted>
HeaderTable take_all(HeaderTable& headers, const Wanted& wanted) {
    const auto first = std::stable_partition(
        headers.begin(), headers.end(), [&](const auto& header) { return !wanted(header.first); });
    HeaderTable taken(std::make_move_iterator(first), std::make_move_iterator(headers.end()));
    headers.erase(first, headers.end());
    return taken;
}

// A property moves to the header of that name.
void stow(std::optional<std::string>& property, HeaderTable& headers, std::string_view name) {
    if (property) set(headers, name, {*std::exchange(property, std::nullopt)});
}

void unstow(std::optional<std::string>& property, HeaderTable& headers, std::string_view name) {
    if (auto text = take_text(headers, name)) property = std::move(text);
}

void rename(HeaderTable& headers, std::string_view from, std::string_view to) {
    for (auto& header : headers)
        if (header.first == from) header.first = to;
}

bool is_own_retry(const HeaderValue& death, const std::string& retry_prefix) {
    const auto* table = std::get_if<HeaderTable>(&death.value);
    return table != nullptr && text_of(*table, "queue").value_or("").starts_with(retry_prefix);
}

// The broker records a death when a retry queue hands a message back. The message did not die.
void forget_retries(HeaderTable& headers, const std::string& queue) {
    const std::string retry_prefix = queue + ".retry.";
    for (auto& [name, value] : headers)
        if (auto* deaths = std::get_if<event::HeaderArray>(&value.value);
            deaths && name == "x-death")
            std::erase_if(*deaths,
                          [&](const auto& death) { return is_own_retry(death, retry_prefix); });
    std::erase_if(headers, [](const auto& header) {
        const auto* deaths = std::get_if<event::HeaderArray>(&header.second.value);
        return header.first == "x-death" && deaths != nullptr && deaths->empty();
    });
    for (const std::string kind : {"x-first-death-", "x-last-death-"})
        if (text_of(headers, kind + "queue").value_or("").starts_with(retry_prefix))
            for (const char* part : {"queue", "reason", "exchange"})
                remove(headers, kind + part);
}

bool tells_of_deaths(std::string_view name) {
    return name == "x-death" || name.starts_with("x-first-death-") ||
           name.starts_with("x-last-death-");
}

// The broker drops a message that died in `queue` and returns to it through a retry queue: it takes
// that for a cycle. So a retry copy carries its deaths under other names.
void stow_deaths(HeaderTable& headers, const std::string& queue) {
    forget_retries(headers, queue);
    for (auto& [name, value] : take_all(headers, tells_of_deaths))
        set(headers, std::string(past_prefix) + name, std::move(value));
}

void unstow_deaths(HeaderTable& headers) {
    const auto is_past = [](std::string_view name) { return name.starts_with(past_prefix); };
    for (auto& [name, value] : take_all(headers, is_past)) {
        auto former = name.substr(past_prefix.size());
        // If the message died again since then, the broker's own record holds.
        if (find(headers, former) == nullptr)
            headers.push_back({std::move(former), std::move(value)});
    }
}

// The broker's own record of the last death; null where it has none.
const HeaderTable* last_death(const HeaderTable& headers) {
    const auto* deaths = find(headers, "x-death");
    const auto* array =
        deaths != nullptr ? std::get_if<event::HeaderArray>(&deaths->value) : nullptr;
    return array && !array->empty() ? std::get_if<HeaderTable>(&array->front().value) : nullptr;
}

// The exchange and topic to which a message was published before the broker itself dead-lettered
// it.
std::optional<Origin> origin_before_last_death(const HeaderTable& headers) {
    const auto* last = last_death(headers);
    const auto* keys = last != nullptr ? find(*last, "routing-keys") : nullptr;
    const auto* names = keys != nullptr ? std::get_if<event::HeaderArray>(&keys->value) : nullptr;
    if (names == nullptr || names->empty()) return std::nullopt;
    const auto* topic = std::get_if<std::string>(&names->front().value);
    if (topic == nullptr) return std::nullopt;
    return Origin{text_of(*last, "exchange").value_or(""), *topic};
}

// A copy for the queue `to`, and for no other queue.
event::Message addressed(const event::Message& message, const std::string& to) {
    event::Message copy = message;
    copy.exchange.clear();
    copy.topic = to;
    auto& headers = copy.headers;
    remove(headers, "x-delivery-count");  // the old queue counted it
    stow(copy.properties.user_id, headers, "x-airy-user-id");
    rename(headers, "CC", "x-airy-cc");
    copy.has_headers = copy.has_headers || !headers.empty();
    return copy;
}

// The same, and the copy does not expire in `to`.
event::Message kept(const event::Message& message, const std::string& to) {
    auto copy = addressed(message, to);
    stow(copy.properties.expiration, copy.headers, "x-airy-expiration");
    copy.has_headers = copy.has_headers || !copy.headers.empty();
    return copy;
}

void note_way(HeaderTable& headers, const event::Message& message) {
    set(headers, "x-airy-topic", {message.topic});
    set(headers, "x-airy-exchange", {message.exchange});
}

void note_returns(HeaderTable& headers, unsigned returns) {
    if (returns > 0) set(headers, "x-airy-returns", {std::int64_t{returns}});
}

event::Message copy_of(const event::Message& message, const Failure& failure,
                       const std::string& to) {
    auto copy = kept(message, to);
    copy.has_headers = true;
    auto& headers = copy.headers;
    set(headers, "x-airy-attempts", {std::int64_t{failure.attempts}});
    note_returns(headers, failure.returns);
    set(headers, "x-airy-queue", {failure.queue});
    note_way(headers, message);
    if (find(headers, "x-airy-first-failed-at") == nullptr)
        set(headers, "x-airy-first-failed-at",
            {util::format_rfc3339(failure.first_failed_at.value_or(failure.account.at))});
    return copy;
}

void forget_past(HeaderTable& headers) {
    std::erase_if(headers, [](const auto& header) {
        const std::string_view name = header.first;
        return name.starts_with(own_prefix) || name == "x-delivery-count" || tells_of_deaths(name);
    });
}

void restore_way(event::Message& message) {
    auto& headers = message.headers;
    if (auto topic = take_text(headers, "x-airy-topic")) message.topic = std::move(*topic);
    if (auto exchange = take_text(headers, "x-airy-exchange"))
        message.exchange = std::move(*exchange);
    unstow(message.properties.user_id, headers, "x-airy-user-id");
    unstow(message.properties.expiration, headers, "x-airy-expiration");
    rename(headers, "x-airy-cc", "CC");
}

}  // namespace

event::Message retry_copy(const event::Message& message, const Failure& failure,
                          const std::string& to) {
    auto copy = copy_of(message, failure, to);
    stow_deaths(copy.headers, failure.queue);
    return copy;
}

event::Message dead_letter(const event::Message& message, const Failure& failure,
                           const std::string& to) {
    auto copy = copy_of(message, failure, to);
    auto& headers = copy.headers;
    set(headers, "x-airy-reason", {failure.account.why});
    set(headers, "x-airy-error", {util::printable(failure.account.error, error_limit)});
    if (failure.account.exit)
        set(headers, "x-airy-exit", {std::int64_t{*failure.account.exit}});
    else
        remove(headers, "x-airy-exit");
    set(headers, "x-airy-failed-at", {util::format_rfc3339(failure.account.at)});
    return copy;
}

event::Message renewed(const event::Message& message, unsigned returns, const std::string& to) {
    auto copy = addressed(message, to);
    copy.has_headers = true;
    note_way(copy.headers, message);
    note_returns(copy.headers, returns);
    return copy;
}

bool leave_out_optional(event::Message& copy) {
    return std::erase_if(copy.headers, [](const auto& header) {
               const std::string_view name = header.first;
               return name == "x-airy-error" || name == "x-airy-exit" ||
                      name == "x-airy-failed-at" || name == "x-airy-first-failed-at" ||
                      name == "x-airy-queue" || name == "x-airy-requeued" ||
                      name.starts_with(past_prefix) || tells_of_deaths(name);
           }) > 0;
}

void leave_out_account(event::Message& copy) {
    std::erase_if(copy.headers, [](const auto& header) {
        return header.first.starts_with(own_prefix) || tells_of_deaths(header.first);
    });
}

void restore(event::Message& message, const std::string& queue) {
    // A dead letter that somebody published again to an exchange is a new message.
    if (!message.exchange.empty() && find(message.headers, "x-airy-reason") != nullptr) {
        forget_past(message.headers);
        return;
    }
    if (!message.exchange.empty() || message.topic != queue) return;
    if (find(message.headers, "x-airy-topic") == nullptr) return;
    if (find(message.headers, "x-airy-reason") != nullptr) return;  // stays a dead letter
    restore_way(message);
    forget_retries(message.headers, queue);
    unstow_deaths(message.headers);
}

void restore_dead_letter(event::Message& message) {
    auto& headers = message.headers;
    if (find(headers, "x-airy-topic") == nullptr)
        if (auto way = origin_before_last_death(headers)) {
            message.exchange = std::move(way->exchange);
            message.topic = std::move(way->topic);
        }
    restore_way(message);
    forget_past(headers);
}

event::Message requeued(const event::Message& letter, const std::string& to, util::SystemTime now) {
    event::Message original = letter;
    restore_dead_letter(original);
    auto copy = kept(original, to);
    copy.has_headers = true;
    note_way(copy.headers, original);
    set(copy.headers, "x-airy-requeued", {util::format_rfc3339(now)});
    return copy;
}

event::Message moved(const event::Message& message, const std::string& to) {
    auto copy = addressed(message, to);
    copy.has_headers = true;
    if (find(message.headers, "x-airy-topic") != nullptr) return copy;
    note_way(copy.headers, message);
    // The topic of a message that the broker dead-lettered is the name of the dead-letter queue.
    const auto way =
        message.exchange.empty() ? origin_before_last_death(message.headers) : std::nullopt;
    if (way) {
        set(copy.headers, "x-airy-topic", {way->topic});
        set(copy.headers, "x-airy-exchange", {way->exchange});
    }
    return copy;
}

event::Message replaced(const event::Message& message, unsigned returns, const std::string& to) {
    auto copy = moved(message, to);
    note_returns(copy.headers, returns);
    return copy;
}

DeadLetterAccount account_of(const event::Message& message) {
    const auto& headers = message.headers;
    DeadLetterAccount account{text_of(headers, "x-airy-reason").value_or(""),
                              text_of(headers, "x-airy-failed-at").value_or("")};
    if (!account.reason.empty()) return account;
    account.reason = text_of(headers, "x-first-death-reason").value_or("unknown");
    const auto* last = last_death(headers);
    if (last == nullptr) return account;
    account.reason = text_of(*last, "reason").value_or(account.reason);
    if (const auto* time = find(*last, "time"))
        if (const auto* stamp = std::get_if<event::HeaderTimestamp>(&time->value))
            account.failed_at = util::format_rfc3339(
                util::SystemTime(std::chrono::seconds(static_cast<std::int64_t>(stamp->seconds))));
    return account;
}

unsigned attempts_of(const event::Message& message) noexcept {
    return count_in(message.headers, "x-airy-attempts").value_or(0);
}

std::optional<unsigned> counted_returns(const event::Message& message) noexcept {
    return count_in(message.headers, "x-delivery-count");
}

namespace {

std::optional<util::SystemTime> first_failure_of(const event::Message& message) {
    const auto text = text_of(message.headers, "x-airy-first-failed-at");
    return text ? util::parse_rfc3339(*text) : std::nullopt;
}

std::optional<Origin> origin_of(const event::Message& message) {
    if (auto topic = text_of(message.headers, "x-airy-topic"))
        return Origin{text_of(message.headers, "x-airy-exchange").value_or(""), std::move(*topic)};
    if (!message.exchange.empty()) return std::nullopt;
    return origin_before_last_death(message.headers);
}

}  // namespace

void read_past(Delivered& delivered) {
    if (delivered.message.headers.empty()) return;
    delivered.attempts = attempts_of(delivered.message);
    delivered.former_returns = count_in(delivered.message.headers, "x-airy-returns").value_or(0);
    delivered.first_failed_at = first_failure_of(delivered.message);
    delivered.origin = origin_of(delivered.message);
}

}  // namespace airy::mq::copies
