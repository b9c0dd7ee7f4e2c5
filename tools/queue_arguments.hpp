// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/app.hpp"
#include "event/message.hpp"

namespace airy::tools {

// The arguments of a queue that have options of their own: `--max-priority` and
// `--single-active-consumer`.
struct QueueArguments {
    std::optional<std::uint64_t> max_priority;
    bool single_active_consumer = false;
    std::vector<std::string> given;  // of both options

    void add(cli::App& app, const std::string& group = {});
    // Appends the arguments of a queue of this type. Throws Error{usage} for a type that lacks
    // them, and for an argument that is there already.
    void append_to(event::HeaderTable& arguments, const std::string& type) const;
    // Throws Error{usage} when the broker of this URL lacks what they ask for.
    void require_of(const std::string& url) const;
};

}  // namespace airy::tools
