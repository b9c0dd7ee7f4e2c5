// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "event/catalogue.hpp"
#include "event/message.hpp"
#include "util/clock.hpp"
#include "util/uuid.hpp"

namespace airy::event {

// One event, ready to be published.
struct Event {
    std::string id;                          // event_id
    std::string type;                        // event_type, and the routing key
    std::optional<std::uint64_t> timestamp;  // seconds since 1970; none before that
    std::string body;                        // one flat JSON object
};

struct CompleteOptions {
    std::string_view topic{};  // empty: from the body's event_type
    bool custom = false;       // types that are not in the catalogue are taken as well
    const util::Clock* clock = &util::system_clock();  // for timestamps that are missing
    std::string (*new_id)() = &util::uuid_v4;          // for event ids that are missing
};

// Checks one event and adds event_id, event_type and timestamp where they are missing. All bytes of
// the body stay: added fields go in after the opening brace, and a complete body passes unchanged.
// Fields that the type does not know are kept, but none that differs from a known one only in case:
// Airy's services would read it as the known one. Throws Error{invalid_event} that names the field,
// the value found and the value needed; for an unknown type the hint names the nearest type. Any
// thread.
Event complete(const Catalogue& catalogue, std::string_view json_body,
               const CompleteOptions& options);

using FieldSettings = std::span<const std::pair<std::string, std::string>>;

// An event from `name=value` pairs. The type's own ids become numbers, all other fields strings,
// also fields that the type does not know; for a custom type a value that is JSON stays JSON.
// event_id and timestamp may be among them. Throws as complete does; `options.topic` is not used.
Event from_fields(const Catalogue& catalogue, std::string_view type, FieldSettings settings,
                  const CompleteOptions& options);

// The event as a message with the properties that Airy's services set, and those that airy adds:
// content_type, delivery_mode 2, timestamp, message_id, type, app_id.
Message to_message(Event event, std::string exchange);

}  // namespace airy::event
