// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "work/status.hpp"

#include "pool/histogram.hpp"

namespace airy::work {

std::string_view to_string(ConsumerState state) noexcept {
    switch (state) {
        case ConsumerState::starting:
            return "starting";
        case ConsumerState::running:
            return "running";
        case ConsumerState::paused:
            return "paused";
        case ConsumerState::reconnecting:
            return "reconnecting";
        case ConsumerState::tripped:
            return "tripped";
        case ConsumerState::draining:
            return "draining";
        case ConsumerState::stopped:
            break;
    }
    return "stopped";
}

Percentiles percentiles(const pool::Histogram& of) {
    Percentiles told{
        of.count(), of.quantile(0.5), of.quantile(0.9), of.quantile(0.99), of.max(), of.sum(), {}};
    for (std::size_t i = 0; i < time_bounds.size(); ++i)
        told.up_to[i] = of.count_up_to(time_bounds[i]);
    return told;
}

}  // namespace airy::work
