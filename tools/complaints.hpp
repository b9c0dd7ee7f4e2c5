// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "util/error.hpp"

namespace airy::tools {

// Throws the complaints, if there are any, as the one line that an error may have: with the
// reason and the hint of the first.
inline void raise(const std::vector<Error>& complaints) {
    if (complaints.empty()) return;
    std::string text;
    for (const auto& complaint : complaints)
        text += (text.empty() ? "" : "; ") + std::string(complaint.what());
    throw complaints.front().reworded(text);
}

}  // namespace airy::tools
