// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "util/error.hpp"

namespace airy::tools {

// Throws all complaints, if there are any, in one line, since an error has only one; with the
// reason and the hint of the first.
inline void raise(const std::vector<Error>& complaints) {
    if (complaints.empty()) return;
    std::string text;
    for (const auto& complaint : complaints)
        text += (text.empty() ? "" : "; ") + std::string(complaint.what());
    throw complaints.front().reworded(text);
}

}  // namespace airy::tools
