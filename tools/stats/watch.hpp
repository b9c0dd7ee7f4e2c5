// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "stats/snapshot.hpp"

// Repeated looks. Main thread.
namespace airy::tools::stats {

// Remembers printed notes, which need not be printed again each second.
class SaidNotes {
  public:
    // The notes that were not printed before.
    std::vector<std::string> new_of(std::vector<std::string> notes);

  private:
    std::set<std::string> said_;
};

// Calls `see` with the result of `look`, again after each `pause`, until a signal; returns the exit
// code. Throws an Error of the first look; adds later ones to the snapshot's notes.
int look_repeatedly(const std::function<Snapshot()>& look,
                    const std::function<void(Snapshot&, bool first)>& see,
                    std::chrono::nanoseconds pause);

// The same, printed as `rendered` formats it: on a terminal it replaces the text before, elsewhere
// a blank line separates them.
int watch(const std::function<Snapshot()>& look,
          const std::function<std::string(const Snapshot&)>& rendered,
          std::chrono::nanoseconds pause, bool json);

// Prints the rendered text, and the notes on stderr.
void print(const std::string& text, const std::vector<std::string>& notes);

}  // namespace airy::tools::stats
