// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "output/stream.hpp"

#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>

#include "options.hpp"
#include "util/error.hpp"

namespace airy::tools::output {
namespace {

constexpr std::size_t buffer_limit = 64 * 1024;  // bytes gathered before a write
std::string pending;

// Returns 0 or an errno. Waits when the descriptor is non-blocking.
int write_all(int fd, std::string_view text) {
    while (!text.empty()) {
        const auto n = ::write(fd, text.data(), text.size());
        if (n >= 0) {
            text.remove_prefix(static_cast<std::size_t>(n));
        } else if (errno == EAGAIN) {
            pollfd waiting{fd, POLLOUT, 0};
            ::poll(&waiting, 1, -1);
        } else if (errno != EINTR) {
            return errno;
        }
    }
    return 0;
}

bool colour_allowed() noexcept {
    const char* no_color = std::getenv("NO_COLOR");
    return !common_options().no_color && (no_color == nullptr || *no_color == '\0');
}

}  // namespace

void print(std::string_view text) {
    pending += text;
    if (pending.size() >= buffer_limit) flush();
}

void flush() {
    if (pending.empty()) return;
    const int error = write_all(STDOUT_FILENO, pending);
    pending.clear();
    if (error == 0) return;
    if (error == EPIPE) throw Closed{};
    throw Error(ErrorKind::general, std::string("cannot write to stdout: ") + std::strerror(error),
                "is the disk full, or stdout closed?");
}

void complain(std::string_view message, std::string_view hint) {
    try {
        flush();
    } catch (...) {
        // stdout is lost already; the complaint below matters more.
    }
    std::string text = "airy: ";
    text += message;
    text += '\n';
    if (!hint.empty()) {
        text += "hint: ";
        text += hint;
        text += '\n';
    }
    write_all(STDERR_FILENO, text);
}

void note(std::string_view text) {
    if (common_options().quiet) return;
    std::string line(text);
    line += '\n';
    write_all(STDERR_FILENO, line);
}

bool stdout_is_terminal() noexcept {
    return ::isatty(STDOUT_FILENO) == 1;
}
bool stderr_is_terminal() noexcept {
    return ::isatty(STDERR_FILENO) == 1;
}
bool stdin_is_terminal() noexcept {
    return ::isatty(STDIN_FILENO) == 1;
}
bool colour_stdout() noexcept {
    return colour_allowed() && stdout_is_terminal();
}
bool colour_stderr() noexcept {
    return colour_allowed() && stderr_is_terminal();
}

int terminal_width(int otherwise) noexcept {
    winsize size{};
    if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
    return otherwise;
}

}  // namespace airy::tools::output
