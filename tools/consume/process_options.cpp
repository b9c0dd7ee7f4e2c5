// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "consume/process_options.hpp"

#include <sys/resource.h>

#include <algorithm>

namespace airy::tools::consume {

void ProcessOptions::add(cli::App& app) {
    app.duration("--timeout", child.timeout,
                 "for one message, then its process group gets SIGTERM; 0s: none [5m]")
        .note(given);
    app.duration("--kill-after", child.kill_after, "from SIGTERM until SIGKILL [3s]").note(given);
}

void make_room_for_descriptors(std::size_t count) {
    const rlim_t needed = count + 64;
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= needed) return;
    limit.rlim_cur = std::min(needed, limit.rlim_max);
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace airy::tools::consume
