// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/embedded/deaths.hpp"

#include <algorithm>
#include <iterator>
#include <limits>
#include <string>
#include <utility>

#include "mq/embedded/table_fields.hpp"

namespace airy::mq::embedded {
namespace {

using event::HeaderArray;
using event::HeaderTable;
using event::HeaderValue;

bool text_is(const HeaderTable& table, std::string_view name, std::string_view text) {
    const auto* value = find_field(table, name);
    const auto* is = value ? std::get_if<std::string>(&value->value) : nullptr;
    return is != nullptr && *is == text;
}

const HeaderArray* deaths_of(const HeaderTable& headers) {
    const auto* field = find_field(headers, "x-death");
    return field ? std::get_if<HeaderArray>(&field->value) : nullptr;
}

HeaderValue routing_keys(const event::Message& message) {
    HeaderArray keys{{message.topic}};
    const auto* more = find_field(message.headers, "CC");
    // RabbitMQ ignores all other values in CC; and a nested value would make the header deeper.
    if (const auto* copies = more ? std::get_if<HeaderArray>(&more->value) : nullptr)
        std::ranges::copy_if(*copies, std::back_inserter(keys), [](const auto& copy) {
            return std::holds_alternative<std::string>(copy.value);
        });
    return {std::move(keys)};
}

// The newest entry of x-death: an entry of the same queue and reason, taken out of `deaths` and
// counted up, or else `fresh`.
HeaderTable next_death(HeaderArray& deaths, HeaderTable fresh, std::string_view queue,
                       std::string_view reason) {
    for (auto at = deaths.begin(); at != deaths.end(); ++at) {
        auto* table = std::get_if<HeaderTable>(&at->value);
        if (!table || !text_is(*table, "queue", queue) || !text_is(*table, "reason", reason))
            continue;
        HeaderTable again = std::move(*table);
        deaths.erase(at);
        const auto* field = find_field(again, "count");
        const auto count = (field ? integer_of(*field) : std::nullopt).value_or(0);
        // A publisher may have written any number there.
        set_field(again, "count", {count + (count < std::numeric_limits<std::int64_t>::max())});
        return again;
    }
    // RabbitMQ sorts the fields of every entry, but not those of a message's first.
    if (!deaths.empty()) std::ranges::stable_sort(fresh, {}, &event::HeaderField::first);
    return fresh;
}

}  // namespace

void add_death(event::Message& message, std::string_view queue, std::string_view reason,
               std::uint64_t seconds, bool keep_cc) {
    HeaderTable death{{"count", {std::int64_t{1}}},     {"reason", {std::string(reason)}},
                      {"queue", {std::string(queue)}},  {"time", {event::HeaderTimestamp{seconds}}},
                      {"exchange", {message.exchange}}, {"routing-keys", routing_keys(message)}};
    if (message.properties.expiration)
        death.emplace_back("original-expiration", HeaderValue{*message.properties.expiration});
    message.properties.expiration.reset();

    auto& headers = message.headers;
    message.has_headers = true;
    HeaderArray deaths;
    if (const auto* known = deaths_of(headers)) {
        // RabbitMQ reverses the list each time (rabbit_dead_letter, group_by_queue_and_reason).
        deaths.assign(known->rbegin(), known->rend());
    } else {
        set_field(headers, "x-first-death-reason", {std::string(reason)});
        set_field(headers, "x-first-death-queue", {std::string(queue)});
        set_field(headers, "x-first-death-exchange", {message.exchange});
    }
    auto newest = next_death(deaths, std::move(death), queue, reason);
    deaths.insert(deaths.begin(), HeaderValue{std::move(newest)});
    set_field(headers, "x-death", {std::move(deaths)});
    if (!keep_cc) std::erase_if(headers, [](const auto& field) { return field.first == "CC"; });
}

bool is_cycle(const HeaderTable& headers, std::string_view queue) {
    const auto* deaths = deaths_of(headers);
    if (deaths == nullptr) return false;
    for (const auto& death : *deaths) {
        const auto* table = std::get_if<HeaderTable>(&death.value);
        if (table == nullptr) continue;
        if (text_is(*table, "reason", "rejected")) return false;
        if (text_is(*table, "queue", queue)) return true;
    }
    return false;
}

}  // namespace airy::mq::embedded
