// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <istream>
#include <string>

namespace airy::inspect {

// One self-contained HTML page from a recording: the lines of `stats --output json`, as `stats
// --record` appends them. Queue depth and rates, pool use, rates and times, each over time. Throws
// Error{invalid_event} with the number of a line that is none, and for a recording without samples.
std::string html_report(std::istream& recording, const std::string& title);

}  // namespace airy::inspect
