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

// The one place that knows ncurses.
namespace airy::tools::top {

// The whole screen of the terminal on stdin and stdout. The destructor leaves the terminal as it
// was; so do the fatal signals that can be caught. One at a time, on the main thread, made before
// other threads start: they then leave its signals to it.
class Terminal {
  public:
    // Throws Error{general} for a terminal that cannot place its cursor, or has no known type.
    explicit Terminal(bool colour);
    ~Terminal();
    Terminal(const Terminal&) = delete;
    Terminal& operator=(const Terminal&) = delete;

    Charset charset() const noexcept { return charset_; }
    Size size() const noexcept;  // as of the last key

    // Takes the place of what is on the screen.
    void draw(const std::vector<Line>& lines);
    void redraw();  // mends what others have written over

    // The next key that has been pressed, if any: a character, or a NamedKey. Sees to
    // a changed size of the terminal first.
    std::optional<int> key();

    // Until one of these is readable, a key or a new size has come, or the time is up. Throws
    // Error{general} when the terminal is gone.
    void wait(int first, int second, std::chrono::milliseconds timeout);

  private:
    Charset charset_ = Charset::ascii;
    bool colour_ = false;
    sigset_t former_;
    termios modes_;  // of the terminal as it was
};

}  // namespace airy::tools::top
