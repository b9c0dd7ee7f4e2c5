// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "event/message.hpp"
#include "util/json_text.hpp"

namespace airy::event {

// The value of a field. A number is the digits that were written; a string is its text; any other
// kind is its JSON text.
struct FieldValue {
    util::JsonKind kind = util::JsonKind::string;
    std::string text;

    bool is_number() const noexcept { return kind == util::JsonKind::number; }
};

// One field of a message: a dotted path into the body (`post_id`, `author.name`, `tags.0`), or a
// name that begins with `topic`, `exchange`, `queue`, `properties.`, `headers.` or `body.` (for a
// body field that one of these names hides). Any thread.
class MessageField {
  public:
    explicit MessageField(std::string_view name);
    // A header, by its dotted path in the header table.
    static MessageField header(std::string_view path);

    // The part of the name that AMQP has no property for; nullopt: the field may be there.
    std::optional<std::string_view> unknown_property() const;

    // nullopt where the message has no such field, or has a table or an array of headers there.
    std::optional<FieldValue> find(const Message& message, std::string_view queue) const;

  private:
    enum class Place : std::uint8_t { topic, exchange, queue, property, header, body };

    MessageField(Place place, std::string_view path) : place_(place), path_(path) {}

    Place place_ = Place::body;
    std::string path_;
};

}  // namespace airy::event
