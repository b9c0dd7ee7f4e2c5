// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

namespace airy::tools::output {

// A line on stderr that is drawn anew a few times a second during a long operation; no line where
// stderr is no terminal, under --quiet, or where stdout shares the terminal and gets output
// meanwhile. Main thread.
class Progress {
  public:
    enum class Output { meanwhile, afterwards };  // on stdout

    // `noun` is plural: "events".
    explicit Progress(std::string noun, Output output = Output::meanwhile);
    ~Progress();
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;

    // Redraws when it is time; `part` is the finished part of the whole, 0 to 1, or negative when
    // it is unknown.
    void show(std::uint64_t count, double part);

    // Shows how much of a list has come; for mq::InventoryQuery::progress.
    std::function<void(std::uint64_t, std::uint64_t)> of_parts();

    // Removes the line from the screen.
    void clear();

  private:
    std::string noun_;
    bool enabled_;
    bool shown_ = false;
    std::chrono::steady_clock::time_point start_;
    std::chrono::steady_clock::time_point last_;
};

// "12,345"
std::string with_commas(std::uint64_t number);

}  // namespace airy::tools::output
