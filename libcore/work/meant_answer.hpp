// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace airy::work {

// The messages about which a line of a command speaks, though it may be no valid answer.
struct MeantAnswer {
    std::vector<std::uint64_t> ids{};
    bool unknown = false;  // it also speaks about a message whose id cannot be told
};

// What the line, or the beginning of one, was meant to answer: it is or begins as a JSON object
// with an id, or an array of such, however faulty. nullopt: it is no answer, as a message line is
// none, which has a topic and no result. Pure.
std::optional<MeantAnswer> meant_answer(std::string_view line);

}  // namespace airy::work
