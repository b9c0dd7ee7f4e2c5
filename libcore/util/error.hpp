// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

namespace airy {

// What kind of failure it is; the value is the exit code of the command that ends with it
// (README, "Exit codes").
enum class ErrorKind : int {
    general = 1,
    usage = 2,
    unreachable = 3,
    undelivered = 4,
    timeout = 5,
    handler = 6,
    not_found = 7,
    invalid_event = 8,
};

// The one exception type of the project. `message` says what was tried and what happened, in one
// line without a trailing full stop; `hint` says what to do next and may be empty.
class Error : public std::runtime_error {
  public:
    Error(ErrorKind kind, const std::string& message, std::string hint = {})
        : std::runtime_error(message), kind_(kind), hint_(std::move(hint)) {}

    ErrorKind kind() const noexcept { return kind_; }
    const std::string& hint() const noexcept { return hint_; }

    // Whether trying again cannot help: the broker was reached and said no.
    bool permanent() const noexcept { return permanent_; }
    Error&& as_permanent() && noexcept {
        permanent_ = true;
        return std::move(*this);
    }

  private:
    ErrorKind kind_;
    std::string hint_;
    bool permanent_ = false;
};

}  // namespace airy
