// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "util/error.hpp"

// stdout is data, stderr is everything else. Main thread only.
namespace airy::tools::output {

// The reader of stdout is gone (EPIPE): a reader ends quietly.
struct Closed {};
constexpr int closed_exit_code = 0;

// The reader of stdout does not read, and a signal ends the wait: the second signal, or the first
// once nothing was read for stop_patience. stderr has the message already.
struct Stopped {
    int signal;
};
// Shorter than the ten seconds of docker stop, so that the outcome is still printed.
constexpr std::chrono::seconds stop_patience{5};

// Writing to stdout failed: a full disk, a limit of the file's size.
class NotWritten : public Error {
  public:
    explicit NotWritten(const Error& error) : Error(error) {}
};

// Appends to stdout's buffer; writes it out when it is large, at flush and at the end. Throws
// Closed, Stopped, or NotWritten.
void print(std::string_view text);
void flush();

// A line of words for people, without the passwords of URLs, whichever operand or variable brought
// them, and without control characters. Any thread.
std::string shown_line(std::string_view text);

// `airy: <message>` and `hint: <hint>` on stderr, at most three lines; flushes stdout first.
void complain(std::string_view message, std::string_view hint);

// A line on stderr that is no error; not under --quiet.
void note(std::string_view text);

bool stdout_is_terminal() noexcept;
bool stderr_is_terminal() noexcept;
bool stdin_is_terminal() noexcept;
// A terminal, NO_COLOR unset, --no-color not given.
bool colour_stdout() noexcept;
bool colour_stderr() noexcept;
// Columns of the terminal on stdout, or `otherwise`.
int terminal_width(int otherwise = 80) noexcept;

}  // namespace airy::tools::output
