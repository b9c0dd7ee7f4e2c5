// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <signal.h>
#include <termios.h>

#include <chrono>
#include <optional>
#include <vector>

#include "top/frame.hpp"
#include "top/sparkline.hpp"

// The only place that uses ncurses.
namespace airy::tools::top {

// The whole screen of the terminal on stdin and stdout. The destructor restores the terminal; so do
// the fatal signals that can be caught. One at a time, on the main thread, made before other
// threads start, so that they leave its signals to it.
class Terminal {
  public:
    // Throws Error{general} for a terminal that cannot place its cursor, or of an unknown type.
    explicit Terminal(bool colour);
    ~Terminal();
    Terminal(const Terminal&) = delete;
    Terminal& operator=(const Terminal&) = delete;

    Charset charset() const noexcept { return charset_; }
    Size size() const noexcept;  // as of the last key

    // Replaces the content of the screen.
    void draw(const std::vector<Line>& lines);
    void redraw();  // repairs the screen after output of others

    // The next pressed key, if any: a character, or a NamedKey. First handles a changed size of the
    // terminal.
    std::optional<int> key();

    // Waits until one of these is readable, a key or a new size has come, or the time is over.
    // Throws Error{general} when the terminal is gone.
    void wait(int first, int second, std::chrono::milliseconds timeout);

  private:
    Charset charset_ = Charset::ascii;
    bool colour_ = false;
    sigset_t former_;
    termios modes_;  // of the terminal before
};

}  // namespace airy::tools::top
