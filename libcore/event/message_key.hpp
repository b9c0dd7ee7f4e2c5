// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "event/message_field.hpp"

namespace airy::event {

// The field of a message by which messages belong together, such as the post that they are about.
// Any thread.
class MessageKey {
  public:
    // `header:NAME`, or a field as event/message_field.hpp has it, such as `post_id` or `topic`.
    // Throws Error{usage}.
    explicit MessageKey(std::string_view text);

    // The key as text: a number is the digits that were written, so that 64-bit numbers stay exact,
    // and a number and a string of the same characters are one key. nullopt for a message without
    // the field, and where it is null, an object or an array.
    std::optional<std::string> of(const Message& message, std::string_view queue) const;

  private:
    MessageField field_;
};

}  // namespace airy::event
