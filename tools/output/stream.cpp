// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "output/stream.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <optional>
#include <string>

#include "mq/endpoint.hpp"
#include "options.hpp"
#include "util/clock.hpp"
#include "util/error.hpp"
#include "util/fd.hpp"
#include "util/signals.hpp"
#include "util/system_failure.hpp"
#include "util/text.hpp"

namespace airy::tools::output {
namespace {

constexpr std::size_t buffer_limit = 64 * 1024;  // bytes collected before a write
std::string pending;

// Opens stdout anew so that writing never blocks: SignalFd keeps signals from a blocked write, so
// waiting is poll's. A description of its own, since other processes share O_NONBLOCK of the
// inherited one.
class Sink {
  public:
    explicit Sink(int fd) : fd_(fd) {
        struct stat status {};
        const bool known = ::fstat(fd, &status) == 0;
        if (!known || !(S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode) || ::isatty(fd) == 1))
            return;  // a file or the like: writing does not wait for a reader
        own_.reset(::open(fmt::format("/proc/self/fd/{}", fd).c_str(),
                          O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
        if (own_)
            fd_ = own_.get();
        else  // a socket, or another user's pipe
            piece_ = PIPE_BUF;
    }

    int fd() const noexcept { return fd_; }
    bool may_block() const noexcept { return piece_ != std::string_view::npos; }
    // Bytes that do not block once poll says that the descriptor is writable.
    std::size_t piece() const noexcept { return piece_; }

  private:
    int fd_;
    util::Fd own_;
    std::size_t piece_ = std::string_view::npos;
};

Sink& out() {
    static Sink sink(STDOUT_FILENO);
    return sink;
}

Sink& err() {
    static Sink sink(STDERR_FILENO);
    return sink;
}

// False when a signal ends the wait, see Stopped. The command still takes the signals itself once
// it is back in its own loop.
bool wait_until_writable(int fd) {
    auto* const signals = util::SignalFd::current();
    const auto patience_from_now = [] { return util::steady_now() + stop_patience; };
    auto until = util::SteadyTime::max();
    if (signals != nullptr && signals->taken() > 0) until = patience_from_now();
    std::optional<int> heard;
    bool writable = false;
    while (signals == nullptr || signals->taken() < 2) {
        pollfd waiting[] = {{fd, POLLOUT, 0}, {signals == nullptr ? -1 : signals->fd(), POLLIN, 0}};
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - util::steady_now());
        const bool bounded = until != util::SteadyTime::max();
        ::poll(waiting, 2, bounded ? std::max(0, static_cast<int>(left.count())) : -1);
        writable = waiting[0].revents != 0;
        if (writable || util::steady_now() >= until) break;
        if (signals == nullptr) continue;
        if (const auto signal = signals->take()) {
            heard = signal;
            until = patience_from_now();
        }
    }
    if (heard) signals->give_back(*heard);
    return writable;
}

// Returns 0 or an errno; ECANCELED when a signal ended writing.
int write_all(const Sink& sink, std::string_view text) {
    while (!text.empty()) {
        if (sink.may_block() && !wait_until_writable(sink.fd())) return ECANCELED;
        const auto n = ::write(sink.fd(), text.data(), std::min(text.size(), sink.piece()));
        if (n >= 0) {
            text.remove_prefix(static_cast<std::size_t>(n));
        } else if (errno == EAGAIN) {
            if (!wait_until_writable(sink.fd())) return ECANCELED;
        } else if (errno != EINTR) {
            return errno;
        }
    }
    return 0;
}

[[noreturn]] void stop() {
    auto& signals = *util::SignalFd::current();
    while (signals.take()) {
    }
    const int signal = signals.last();
    complain(fmt::format("stopped by SIG{} while nobody read stdout: the rest of it is lost",
                         ::sigabbrev_np(signal)),
             "");
    throw Stopped{signal};
}

bool colour_allowed() noexcept {
    const char* no_color = std::getenv("NO_COLOR");
    return !common_options().no_color && (no_color == nullptr || *no_color == '\0');
}

}  // namespace

std::string shown_line(std::string_view text) {
    return util::printable(mq::masked_text(text), std::string::npos);
}

void print(std::string_view text) {
    pending += text;
    if (pending.size() >= buffer_limit) flush();
}

void flush() {
    if (pending.empty()) return;
    const int error = write_all(out(), pending);
    pending.clear();
    if (error == 0) return;
    if (error == ECANCELED) stop();
    if (error == EPIPE) throw Closed{};
    throw NotWritten(util::system_failure("cannot write to stdout", error));
}

void complain(std::string_view message, std::string_view hint) {
    try {
        flush();
    } catch (...) {
        // stdout is lost already; the error message below matters more.
    }
    std::string text = "airy: " + shown_line(message) + '\n';
    if (!hint.empty()) text += "hint: " + shown_line(hint) + '\n';
    write_all(err(), text);
}

void note(std::string_view text) {
    if (common_options().quiet) return;
    write_all(err(), shown_line(text) + '\n');
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
