// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "cli/app.hpp"
#include "event/message.hpp"

namespace airy::tools::publish {

// The options for properties and headers that every message of a command gets.
struct PropertyOptions {
    static constexpr const char* group = "Properties";  // in the help

    std::vector<std::string> headers;
    std::vector<event::HeaderField> read_headers;
    std::optional<int> priority;
    std::optional<std::chrono::nanoseconds> expiration;
    std::string content_type;
    std::string content_encoding;
    bool transient = false;

    // `content_type_otherwise` tells in the help what the content type is by default.
    void add(cli::App& app, const std::string& content_type_otherwise = "default application/json");
    void read();  // throws Error{usage}
    void apply(event::Message& message) const;
};

}  // namespace airy::tools::publish
