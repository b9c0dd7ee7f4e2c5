// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace airy::event {

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
    bool published = false;         // Airy's services publish it today; else it is only defined
};

// The event types that Airy publishes and reads (contract: README, "Event types"), in its order.
// Constant data.
std::span<const EventType> airy_types() noexcept;

// The event types that a program knows; completion, checks, `airy event`, help and examples read
// them from here. Any thread, while no thread assigns to it.
class Catalogue {
  public:
    // The texts and fields of `types` are borrowed.
    explicit Catalogue(std::span<const EventType> types) : types_(types.begin(), types.end()) {}

    std::span<const EventType> types() const noexcept { return types_; }

    // The type of this name; nullptr when there is none.
    const EventType* find(std::string_view name) const noexcept;

    // The known name nearest to `word`, a misspelt one; empty when no name is near.
    std::string_view nearest_name(std::string_view word) const;

  private:
    std::vector<EventType> types_;
};

// "id", "string" or "choice".
std::string_view field_type_name(FieldType type) noexcept;

// An example of the type: its fields as one flat JSON object.
std::string example_body(const EventType& type);

}  // namespace airy::event
