// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "util/signals.hpp"

#include <doctest/doctest.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>

using airy::util::SignalFd;

namespace {

bool readable(int fd) {
    pollfd entry{fd, POLLIN, 0};
    return ::poll(&entry, 1, 0) == 1;
}

bool is_blocked(int signal) {
    sigset_t mask;
    pthread_sigmask(SIG_SETMASK, nullptr, &mask);
    return sigismember(&mask, signal) == 1;
}

}  // namespace

TEST_CASE("the same signal twice at once counts once, another one counts") {
    SignalFd signals;
    ::raise(SIGTERM);
    CHECK(signals.take() == SIGTERM);
    ::raise(SIGTERM);
    CHECK_FALSE(signals.take());
    ::raise(SIGINT);
    CHECK(signals.take() == SIGINT);
}

TEST_CASE("SIGINT and SIGTERM come by the descriptor, and the mask is restored") {
    REQUIRE_FALSE(is_blocked(SIGTERM));
    {
        SignalFd signals;
        CHECK(is_blocked(SIGINT));
        CHECK(is_blocked(SIGTERM));
        CHECK_FALSE(readable(signals.fd()));
        CHECK_FALSE(signals.take());
        REQUIRE(::kill(::getpid(), SIGTERM) == 0);
        CHECK(readable(signals.fd()));
        CHECK(signals.take() == SIGTERM);
        REQUIRE(::kill(::getpid(), SIGINT) == 0);
        CHECK(signals.take() == SIGINT);
        CHECK_FALSE(signals.take());
    }
    CHECK_FALSE(is_blocked(SIGINT));
    CHECK_FALSE(is_blocked(SIGTERM));
}

TEST_CASE("more signals may come by the descriptor; a SIGHUP that is ignored does not") {
    {
        SignalFd signals({SIGHUP, SIGQUIT});
        ::raise(SIGQUIT);
        CHECK(signals.take() == SIGQUIT);
        ::raise(SIGHUP);
        CHECK(signals.take() == SIGHUP);
    }
    struct sigaction former;
    sigaction(SIGHUP, nullptr, &former);
    ::signal(SIGHUP, SIG_IGN);
    {
        SignalFd signals({SIGHUP, SIGQUIT});
        CHECK_FALSE(is_blocked(SIGHUP));
        ::raise(SIGHUP);
        CHECK_FALSE(signals.take());
    }
    sigaction(SIGHUP, &former, nullptr);
}

TEST_CASE("a signal that was given back comes again, also by the descriptor") {
    CHECK(SignalFd::current() == nullptr);
    {
        SignalFd signals;
        CHECK(SignalFd::current() == &signals);
        CHECK(signals.taken() == 0);
        ::raise(SIGTERM);
        REQUIRE(signals.take() == SIGTERM);
        CHECK(signals.taken() == 1);
        CHECK(signals.last() == SIGTERM);
        CHECK_FALSE(readable(signals.fd()));
        signals.give_back(SIGTERM);
        CHECK(signals.taken() == 0);
        CHECK(readable(signals.fd()));
        CHECK(signals.take() == SIGTERM);
        ::raise(SIGINT);
        CHECK(signals.take() == SIGINT);
        CHECK(signals.taken() == 2);
        CHECK(signals.last() == SIGINT);
    }
    CHECK(SignalFd::current() == nullptr);
}

TEST_CASE("a broken pipe is an error, not the end of the process") {
    struct sigaction former;
    sigaction(SIGPIPE, nullptr, &former);
    airy::util::ignore_sigpipe();
    std::array<int, 2> ends{};
    REQUIRE(::pipe(ends.data()) == 0);
    ::close(ends[0]);
    CHECK(::write(ends[1], "x", 1) == -1);
    CHECK(errno == EPIPE);
    ::close(ends[1]);
    sigaction(SIGPIPE, &former, nullptr);
}

TEST_CASE("a file at its limit is an error, not the end of the process") {
    airy::util::ignore_sigxfsz();
    const airy::util::Fd file(::memfd_create("limited", MFD_CLOEXEC));
    REQUIRE(file);
    rlimit former{};
    ::getrlimit(RLIMIT_FSIZE, &former);
    rlimit tiny = former;
    tiny.rlim_cur = 1;
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &tiny) == 0);
    CHECK(::write(file.get(), "x", 1) == 1);
    const auto n = ::write(file.get(), "x", 1);
    const int error = errno;
    ::setrlimit(RLIMIT_FSIZE, &former);
    CHECK(n == -1);
    CHECK(error == EFBIG);
    ::signal(SIGXFSZ, SIG_DFL);
}

TEST_CASE("a child begins with default signals, whatever the parent has") {
    struct sigaction former;
    sigaction(SIGPIPE, nullptr, &former);
    airy::util::ignore_sigpipe();
    airy::util::ignore_sigxfsz();
    SignalFd signals;
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    airy::util::default_signals_in_child(attributes);
    short flags = 0;
    posix_spawnattr_getflags(&attributes, &flags);
    CHECK((flags & POSIX_SPAWN_SETPGROUP) != 0);
    // SigBlk and SigIgn of the child: SIGINT 2, SIGPIPE 13, SIGTERM 15, SIGXFSZ 25.
    const char* script =
        "while read -r name value; do case $name in "
        "SigBlk:) [ $((0x$value & 0x1005002)) = 0 ] || exit 3;; "
        "SigIgn:) [ $((0x$value & 0x1005002)) = 0 ] || exit 4;; esac; done </proc/self/status";
    std::array<const char*, 4> argv{"sh", "-c", script, nullptr};
    pid_t child = 0;
    REQUIRE(posix_spawn(&child, "/bin/sh", nullptr, &attributes,
                        const_cast<char* const*>(argv.data()), environ) == 0);
    posix_spawnattr_destroy(&attributes);
    int status = -1;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 0);
    sigaction(SIGPIPE, &former, nullptr);
}
