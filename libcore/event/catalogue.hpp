// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace airy::event {

// The event types that Airy publishes and reads (contract: README, "Event types"). Completion,
// checking, `airy event`, help and examples all come from this one table.

enum class FieldType : std::uint8_t {
    id,      // a 64-bit signed integer
    string,  // any text
    choice,  // one of `choices`
};

struct Field {
    std::string_view name;
    FieldType type = FieldType::string;
    bool optional = false;                        // left out when absent, never null
    std::span<const std::string_view> choices{};  // of a choice
    std::string_view example{};                   // as `--set` takes it
};

struct EventType {
    std::string_view name;  // also the routing key
    std::string_view summary;
    std::span<const Field> fields;  // beside event_id, event_type and timestamp
};

// All types, in the order of the contract.
std::span<const EventType> all() noexcept;

// The type of this name; nullptr when there is none.
const EventType* find(std::string_view name) noexcept;

// The known name that `word` was probably meant to be; empty when none is near.
std::string_view nearest_name(std::string_view word);

// "id", "string" or "choice".
std::string_view field_type_name(FieldType type) noexcept;

// An example of the type: its fields as one flat JSON object, and the command that publishes it.
std::string example_body(const EventType& type);
std::string example_command(const EventType& type);

}  // namespace airy::event
