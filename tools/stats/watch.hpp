// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "stats/snapshot.hpp"

// Looking again and again. Main thread.
namespace airy::tools::stats {

// SIGINT or SIGTERM, should one come within `pause`.
std::optional<int> wait_for_signal(std::chrono::nanoseconds pause);

// Prints what `look` shows as `rendered` has it, anew after each `pause`, until a signal; returns
// the exit code. Text takes the place of the one before on a terminal, and stands apart elsewhere.
// An Error of the first look is thrown, of later ones noted.
int watch(const std::function<Snapshot()>& look,
          const std::function<std::string(const Snapshot&)>& rendered,
          std::chrono::nanoseconds pause, bool json);

// The rendered text, and the notes on stderr.
void print(const std::string& text, const std::vector<std::string>& notes);

}  // namespace airy::tools::stats
