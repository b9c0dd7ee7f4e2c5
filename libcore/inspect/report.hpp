// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <istream>
#include <string>

namespace airy::inspect {

// One self-contained HTML page from a recording: the lines of `stats --output json`, as `stats
// --record` appends them. Queue depth and rates, pool use, rates and times, each over time.
struct Report {
    std::string html;
    std::size_t skipped = 0;  // lines that are not samples: a killed recorder leaves half a line
    std::size_t first_skipped = 0;  // the first such line, counted from 1
};

// Throws Error{invalid_event} for a recording without samples.
Report html_report(std::istream& recording, const std::string& title);

}  // namespace airy::inspect
