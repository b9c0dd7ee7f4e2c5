// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/app.hpp"
#include "work/consumer.hpp"

namespace airy::tools {

// `50`, `50/s` or `10/m`, as starts a second. Throws Error{usage} that names `flag`.
double parse_rate(const std::string& flag, const std::string& text);

// The consumer's options for failures, repeated messages and too many messages at once.
struct DeliveryOptions {
    std::string on_error = "retry";
    std::uint64_t max_attempts = 5;
    std::optional<std::chrono::nanoseconds> retry_delay;
    std::optional<std::chrono::nanoseconds> retry_max_delay;
    std::optional<std::chrono::nanoseconds> dedup;
    std::string rate;
    std::uint64_t break_after = 0;
    // given options about failures; and of these, about retries
    std::vector<std::string> of_failures;
    std::vector<std::string> of_retries;

    void add(cli::App& app);
    // Throws Error{usage}.
    void apply(work::ConsumerOptions& options) const;
};

}  // namespace airy::tools
