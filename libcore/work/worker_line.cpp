// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "work/worker_line.hpp"

#include <algorithm>

#include "work/worker_protocol.hpp"

namespace airy::work {

std::size_t open_in(WorkerLine line) noexcept {
    return static_cast<std::size_t>(std::ranges::count(line, false, &WorkerJob::done));
}

void append_batch(std::string& out, std::uint64_t id, WorkerLine line) {
    out += R"({"id":)" + std::to_string(id) + R"(,"batch":)";
    char before = '[';
    for (std::size_t i = 0; i < line.size(); ++i) {
        if (line[i].done) continue;
        out += before;
        before = ',';
        append_object(out, id + 1 + i, line[i].delivered);
    }
    out += "]}\n";
}

}  // namespace airy::work
