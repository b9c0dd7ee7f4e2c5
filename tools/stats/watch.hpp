// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "stats/snapshot.hpp"

// Looking again and again. Main thread.
namespace airy::tools::stats {

// Notes that were said already, and need not be said each second.
class SaidNotes {
  public:
    // Those not given before.
    std::vector<std::string> new_of(std::vector<std::string> notes);

  private:
    std::set<std::string> said_;
};

// Calls `see` with what `look` has found, anew after each `pause`, until a signal; returns the exit
// code. An Error of the first look is thrown, of later ones noted in the snapshot.
int look_repeatedly(const std::function<Snapshot()>& look,
                    const std::function<void(Snapshot&, bool first)>& see,
                    std::chrono::nanoseconds pause);

// The same, printed as `rendered` has it: on a terminal in the place of the text before, elsewhere
// apart from it.
int watch(const std::function<Snapshot()>& look,
          const std::function<std::string(const Snapshot&)>& rendered,
          std::chrono::nanoseconds pause, bool json);

// The rendered text, and the notes on stderr.
void print(const std::string& text, const std::vector<std::string>& notes);

}  // namespace airy::tools::stats
