// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "event/message.hpp"

namespace airy::event {

// One condition on a message, as `--where` takes it: `field=value`, `field!=value`, `field~regex`,
// `field!~regex`, `field>n`, `field<n`, `field>=n`, `field<=n`.
//
// A field is named as in event/message_field.hpp. Numbers compare by their exact decimal value, RFC
// 3339 times as times, everything else as text. An absent field satisfies only `!=` and `!~`.
class Where {
  public:
    // Throws Error{usage} that shows the position.
    explicit Where(std::string_view text);
    Where(Where&&) noexcept;
    Where& operator=(Where&&) noexcept;
    ~Where();

    // Any thread. A regex that takes too long on a message does not match it.
    bool matches(const Message& message, std::string_view queue) const;

  private:
    struct Condition;
    std::unique_ptr<const Condition> condition_;
};

Where parse_where(std::string_view text);

// Whether every condition holds.
bool all_match(const std::vector<Where>& conditions, const Message& message,
               std::string_view queue);

}  // namespace airy::event
