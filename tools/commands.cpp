// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "command.hpp"

namespace airy::tools {
namespace {

constexpr CommandEntry table[] = {
    {"ping", "is the broker there: connect, log in, say how long it took", make_ping},
};

}  // namespace

std::span<const CommandEntry> commands() noexcept { return table; }

const CommandEntry* find_command(std::string_view name) noexcept {
    for (const auto& entry : table)
        if (entry.name == name) return &entry;
    return nullptr;
}

}  // namespace airy::tools
