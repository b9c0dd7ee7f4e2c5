// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "mq/endpoint.hpp"

namespace airy::tools::demo {

// One process of this same binary. Ends with its owner. Main thread.
class Child {
  public:
    explicit Child(pid_t pid) noexcept : pid_(pid) {}
    Child(Child&& other) noexcept
        : pid_(std::exchange(other.pid_, -1)), status_(std::move(other.status_)) {}
    Child& operator=(Child&&) = delete;
    ~Child() { end(); }

    pid_t pid() const noexcept { return pid_; }

    // The exit status once the child has ended; 128 + n for signal n.
    std::optional<int> ended();

    void ask_to_end() noexcept;  // SIGTERM: it drains
    void end() noexcept;         // SIGKILL after ten seconds

  private:
    pid_t pid_;
    std::optional<int> status_;
};

// Starts `airy ARG…` on the endpoint's broker with stdout to /dev/null. The child reads the
// password from a file in memory: neither its command line nor its environment holds it. Throws
// Error{general}.
Child start_airy(const mq::Endpoint& endpoint, std::vector<std::string> arguments);

}  // namespace airy::tools::demo
