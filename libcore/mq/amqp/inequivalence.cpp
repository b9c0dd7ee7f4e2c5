// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/amqp/inequivalence.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>

namespace airy::mq::amqp {
namespace {

// A value in the broker's words: `none`, `'true'`, or `the value '5' of type 'long'`.
struct Told {
    std::string value;  // empty: none
    std::string type;   // empty: a property of the queue itself, or none
    bool none = false;

    std::string shown() const {
        if (none) return "not set";
        return type == "longstr" ? fmt::format("'{}'", value) : value;
    }
};

std::optional<std::string_view> between(std::string_view text, std::string_view before,
                                        std::string_view after) {
    const auto start = text.find(before);
    if (start == text.npos) return std::nullopt;
    text.remove_prefix(start + before.size());
    const auto end = text.find(after);
    if (end == text.npos) return std::nullopt;
    return text.substr(0, end);
}

std::optional<Told> read_told(std::string_view text) {
    if (text.starts_with("none")) return Told{{}, {}, true};
    if (const auto value = between(text, "the value '", "' of type '")) {
        const auto type = between(text, "' of type '", "'");
        if (!type) return std::nullopt;
        return Told{std::string(*value), std::string(*type), false};
    }
    if (const auto value = between(text, "'", "'")) return Told{std::string(*value), {}, false};
    return std::nullopt;
}

std::optional<event::HeaderValue> to_value(const Told& told) {
    if (told.type == "longstr") return event::HeaderValue{told.value};
    if (told.type == "bool") return event::HeaderValue{told.value == "true"};
    std::int64_t number = 0;
    const auto* end = told.value.data() + told.value.size();
    const auto parsed = std::from_chars(told.value.data(), end, number);
    if (parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
    return event::HeaderValue{number};
}

bool* flag_of(QueueSpec& spec, std::string_view name) {
    if (name == "durable") return &spec.durable;
    if (name == "auto_delete") return &spec.auto_delete;
    if (name == "exclusive") return &spec.exclusive;
    return nullptr;
}

bool adopt(QueueSpec& spec, const std::string& name, const Told& there) {
    if (bool* flag = flag_of(spec, name)) {
        const bool value = there.value == "true";
        if (*flag == value) return false;  // the same value was refused: no progress
        *flag = value;
        return true;
    }
    if (name == "x-queue-type") {
        const std::string type = there.none ? "classic" : there.value;
        if (type == spec.type) return false;
        spec.type = type;
        return true;
    }
    std::erase_if(spec.arguments, [&](const auto& field) { return field.first == name; });
    if (there.none) return true;
    auto value = to_value(there);
    if (!value) return false;
    spec.arguments.push_back({name, std::move(*value)});
    return true;
}

}  // namespace

std::optional<std::string> adopt_difference(std::string_view text, QueueSpec& spec) {
    const auto name = between(text, "inequivalent arg '", "' for queue '");
    // The last match: names may hold any text, also this one.
    const auto received = text.rfind(": received ");
    const auto current = text.rfind(" but current is ");
    if (!name || received == text.npos || current == text.npos || current < received)
        return std::nullopt;
    const auto here = read_told(text.substr(received + 11, current - received - 11));
    const auto there = read_told(text.substr(current + 16));
    if (!here || !there || !adopt(spec, std::string(*name), *there)) return std::nullopt;
    return fmt::format("{} is {}, not {}", *name, there->shown(),
                       here->none ? "unset" : here->shown());
}

}  // namespace airy::mq::amqp
