// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "top/terminal.hpp"

#define NCURSES_NOMACROS
#include <langinfo.h>
#include <ncurses.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <clocale>
#include <csignal>
#include <cstring>
#include <string>

#include "top/keys.hpp"
#include "top/terminfo.hpp"
#include "util/error.hpp"
#include "util/text.hpp"

namespace airy::tools::top {
namespace {

// The data with which a signal handler restores the terminal.
struct Rescue {
    termios modes;
    std::array<char, 256> sequence;
    std::size_t length = 0;
};
Rescue rescue;
constexpr int fatal[] = {SIGHUP, SIGQUIT, SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL};

// Calls only functions of signal-safety(7); then the signal takes its default action
// (SA_RESETHAND).
void leave_on_signal(int signal) {
    if (::write(STDOUT_FILENO, rescue.sequence.data(), rescue.length) < 0) {
        // The terminal is gone.
    }
    ::tcsetattr(STDIN_FILENO, TCSANOW, &rescue.modes);
    ::raise(signal);
}

// Whether the process was stopped and continues now. ncurses handles SIGTSTP; SIGSTOP cannot be
// handled, only the SIGCONT after it.
volatile std::sig_atomic_t continued = 0;

void set_continue_handler(void (*handler)(int)) {
    struct sigaction action {};
    action.sa_handler = handler;
    ::sigaction(SIGCONT, &action, nullptr);
}

void set_fatal_handlers(void (*handler)(int)) {
    struct sigaction action {};
    action.sa_handler = handler;
    action.sa_flags = static_cast<int>(SA_RESETHAND);
    for (const int signal : fatal)
        ::sigaction(signal, &action, nullptr);
}

sigset_t terminal_signals() {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGWINCH);
    sigaddset(&signals, SIGTSTP);
    sigaddset(&signals, SIGCONT);
    return signals;
}

short pair_of(Tone tone) noexcept {
    return static_cast<short>(tone);  // plain is 0, the terminal's own colours
}

// Replaces characters that the terminal's character set lacks with similar letters.
std::string ascii(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        const auto length = std::max<std::size_t>(1, util::utf8_length(text));
        const auto character = text.substr(0, length);
        out += length == 1 ? character : character == "…" ? "~" : "?";
        text.remove_prefix(length);
    }
    return out;
}

}  // namespace

Terminal::Terminal(bool colour) {
    if (::isatty(STDIN_FILENO) != 1 || ::tcgetattr(STDIN_FILENO, &modes_) != 0)
        throw Error(ErrorKind::general, "top: stdin is no terminal, so no key can be read",
                    "airy stats --watch 1s needs none");
    const auto leave = leaving_sequence();
    std::setlocale(LC_CTYPE, "");
    if (std::strcmp(::nl_langinfo(CODESET), "UTF-8") == 0) charset_ = Charset::utf8;

    ::set_escdelay(25);
    if (::newterm(nullptr, stdout, stdin) == nullptr)
        throw Error(ErrorKind::general, "top: the terminal cannot be set up",
                    "airy stats --watch 1s needs less of it");
    rescue.modes = modes_;
    rescue.length = std::min(leave.size(), rescue.sequence.size());
    std::memcpy(rescue.sequence.data(), leave.data(), rescue.length);
    set_fatal_handlers(leave_on_signal);
    set_continue_handler([](int) { continued = 1; });
    const auto signals = terminal_signals();
    ::pthread_sigmask(SIG_BLOCK, &signals, &former_);

    ::cbreak();
    ::noecho();
    ::nonl();
    ::keypad(stdscr, TRUE);
    ::nodelay(stdscr, TRUE);
    ::curs_set(0);
    colour_ = colour && ::has_colors() && ::start_color() == OK;
    if (colour_) {
        ::use_default_colors();
        ::init_pair(pair_of(Tone::warning), COLOR_YELLOW, -1);
        ::init_pair(pair_of(Tone::alert), COLOR_RED, -1);
    }
}

Terminal::~Terminal() {
    ::endwin();
    ::tcsetattr(STDIN_FILENO, TCSADRAIN, &modes_);
    set_fatal_handlers(SIG_DFL);
    set_continue_handler(SIG_DFL);
    ::pthread_sigmask(SIG_SETMASK, &former_, nullptr);
}

Size Terminal::size() const noexcept {
    return {static_cast<std::size_t>(std::max(0, ::getmaxy(stdscr))),
            static_cast<std::size_t>(std::max(0, ::getmaxx(stdscr)))};
}

void Terminal::draw(const std::vector<Line>& lines) {
    ::werase(stdscr);
    const auto [rows, columns] = size();
    for (std::size_t row = 0; row < std::min(rows, lines.size()); ++row) {
        const auto& line = lines[row];
        attr_t attributes = A_NORMAL;
        switch (line.style) {
            case Line::Style::plain:
                break;
            case Line::Style::title:
                attributes = A_BOLD;
                break;
            case Line::Style::header:
                attributes = A_BOLD | A_UNDERLINE;
                break;
            case Line::Style::selected:
                attributes = A_REVERSE;
                break;
            case Line::Style::quiet:
                attributes = A_DIM;
                break;
        }
        const short pair = colour_ ? pair_of(line.tone) : short{0};
        if (!colour_ && line.tone == Tone::alert) attributes |= A_BOLD;
        ::wattr_set(stdscr, attributes, pair, nullptr);
        const auto y = static_cast<int>(row);
        const auto text = charset_ == Charset::utf8 ? line.text : ascii(line.text);
        ::wmove(stdscr, y, 0);
        ::waddnstr(stdscr, text.c_str(), -1);
        // The bar of a selected line reaches the end; clrtoeol would clear the line of a moved
        // cursor.
        if (line.style == Line::Style::selected && ::getcury(stdscr) == y)
            for (auto x = ::getcurx(stdscr); x < static_cast<int>(columns); ++x)
                ::waddch(stdscr, ' ');
    }
    ::wattr_set(stdscr, A_NORMAL, 0, nullptr);
    ::wrefresh(stdscr);
}

void Terminal::redraw() {
    ::clearok(stdscr, TRUE);
}

std::optional<int> Terminal::key() {
    const int code = ::wgetch(stdscr);
    switch (code) {
        case ERR:
            return std::nullopt;
        case KEY_UP:
            return key_up;
        case KEY_DOWN:
            return key_down;
        case KEY_PPAGE:
            return key_page_up;
        case KEY_NPAGE:
            return key_page_down;
        case KEY_ENTER:
        case '\r':
        case '\n':
            return key_enter;
        case 27:
            return key_escape;
        default:
            return code < KEY_MIN ? code : static_cast<int>(key_other);
    }
}

// Only this object takes the signals of the terminal: ncurses' own handlers must not interrupt it.
void Terminal::wait(int first, int second, std::chrono::milliseconds timeout) {
    pollfd waiting[] = {{STDIN_FILENO, POLLIN, 0}, {first, POLLIN, 0}, {second, POLLIN, 0}};
    sigset_t mask = former_;
    sigaddset(&mask, SIGINT);
    sigaddset(&mask, SIGTERM);
    sigdelset(&mask, SIGWINCH);
    sigdelset(&mask, SIGTSTP);
    sigdelset(&mask, SIGCONT);
    const timespec time{timeout.count() / 1000, (timeout.count() % 1000) * 1'000'000};
    if (::ppoll(waiting, std::size(waiting), &time, &mask) > 0 &&
        (waiting[0].revents & (POLLHUP | POLLERR | POLLNVAL)) != 0)
        throw Error(ErrorKind::general, "top: the terminal is gone");
    if (continued != 0) {
        continued = 0;
        // Another program has used the terminal meanwhile, changed its modes and written on the
        // screen. The next drawing enters the full screen again.
        ::endwin();
        redraw();
    }
}

}  // namespace airy::tools::top
