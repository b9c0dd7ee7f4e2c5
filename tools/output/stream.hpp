// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <string_view>

// stdout is data, stderr is everything else. Main thread only.
namespace airy::tools::output {

// Thrown when the reader of stdout is gone (EPIPE): a quiet end for a reader.
struct Closed {};
constexpr int closed_exit_code = 0;

// Thrown when nobody reads stdout and a signal says to wait no longer: the second one, or the first
// once nothing was read for stop_patience. It is told on stderr already.
struct Stopped {
    int signal;
};
// Shorter than the ten seconds that docker stop leaves, so that the outcome is still told.
constexpr std::chrono::seconds stop_patience{5};

// Appends to stdout's buffer; written out when it is large, at flush and at the end. Throws Closed,
// Stopped, or Error{general} when it cannot be written (a full disk).
void print(std::string_view text);
void flush();

// `airy: <message>` and `hint: <hint>` on stderr, at most three lines; flushes stdout first.
void complain(std::string_view message, std::string_view hint);

// A line on stderr that is not an error; nothing under --quiet.
void note(std::string_view text);

bool stdout_is_terminal() noexcept;
bool stderr_is_terminal() noexcept;
bool stdin_is_terminal() noexcept;
// Terminal, NO_COLOR unset, --no-color not given.
bool colour_stdout() noexcept;
bool colour_stderr() noexcept;
// Columns of the terminal on stdout, or `otherwise`.
int terminal_width(int otherwise = 80) noexcept;

}  // namespace airy::tools::output
