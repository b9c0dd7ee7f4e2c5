// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "cli/app.hpp"
#include "work/consumer.hpp"

namespace airy::tools::consume {

// `--serial-by` and `--serial-retry`: messages of one key run one after another.
struct OrderOptions {
    std::string by;
    std::string retry = "pass";
    std::vector<std::string> given;  // of both

    void add(cli::App& app);
    bool wanted() const noexcept { return !by.empty(); }
    // Throws Error{usage}.
    void apply(work::ConsumerOptions& options) const;

    // The messages to take so that `slots` different keys are likely to be among them.
    static std::size_t messages_for(std::size_t slots) noexcept;

  private:
    std::vector<std::string> of_retries_;
};

}  // namespace airy::tools::consume
