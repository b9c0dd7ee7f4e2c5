// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "work/output.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <boost/asio/post.hpp>
#include <cerrno>

#include "tests/support/manual_timers.hpp"
#include "util/fd.hpp"
#include "util/signals.hpp"

using namespace airy;
using namespace std::chrono_literals;
using work::OutputStream;

namespace {

struct Ends {
    util::Fd reading;
    util::Fd writing;
};

Ends make_ends(bool socket) {
    util::ignore_sigpipe();
    std::array<int, 2> ends{};
    if (socket)
        REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
    else
        REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
    return {util::Fd(ends[0]), util::Fd(ends[1])};
}

std::string read_some(int fd) {
    std::array<char, 65536> chunk;
    const auto n = ::read(fd, chunk.data(), chunk.size());
    return {chunk.data(), n > 0 ? static_cast<std::size_t>(n) : 0};
}

}  // namespace

TEST_CASE("what the other side does not take waits, and comes in order") {
    for (const bool socket : {false, true}) {
        CAPTURE(socket);
        const auto ends = make_ends(socket);
        boost::asio::io_context loop{1};
        work::LoopTimers timers(loop);
        OutputStream out(loop, timers, ends.writing.get());
        std::string expected;
        while (!out.congested()) {
            const std::string line = "line " + std::to_string(expected.size()) + "\n";
            expected += line;
            out.write(line);
        }
        // Our end's flags are as they were: it may be shared with other processes.
        CHECK((::fcntl(ends.writing.get(), F_GETFL) & O_NONBLOCK) == 0);
        ::fcntl(ends.reading.get(), F_SETFL, O_NONBLOCK);
        std::string text;
        const auto limit = std::chrono::steady_clock::now() + 20s;
        while (text.size() < expected.size() && std::chrono::steady_clock::now() < limit) {
            text += read_some(ends.reading.get());
            loop.restart();
            loop.run_one_for(10ms);
        }
        CHECK(text == expected);
        CHECK(out.pending() == 0);
        CHECK(out.broken() == 0);
    }
}

TEST_CASE("waiters wake when something was written, and when the reader is gone") {
    auto ends = make_ends(false);
    boost::asio::io_context loop{1};
    work::LoopTimers timers(loop);
    OutputStream out(loop, timers, ends.writing.get());
    out.write(std::string(1'000'000, 'x'));
    REQUIRE(out.congested());
    int woken = 0;
    out.when_progress([&] { ++woken; });
    read_some(ends.reading.get());
    loop.run_one_for(5s);
    loop.run_one_for(5s);
    CHECK(woken == 1);
    out.when_progress([&] { ++woken; });
    ends.reading.reset();
    loop.run_one_for(5s);
    loop.run_one_for(5s);
    CHECK(woken == 2);
    CHECK(out.broken() == EPIPE);
    CHECK(out.pending() == 0);
    out.write("more");
    CHECK(out.pending() == 0);
}

TEST_CASE("a file takes everything at once; a full disk and a closed descriptor break it") {
    boost::asio::io_context loop{1};
    work::LoopTimers timers(loop);
    const util::Fd file(::open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
    OutputStream to_file(loop, timers, file.get());
    to_file.write(std::string(3'000'000, 'x'));
    CHECK(to_file.pending() == 0);
    CHECK(::lseek(file.get(), 0, SEEK_END) == 3'000'000);

    const util::Fd full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
    OutputStream to_full(loop, timers, full.get());
    to_full.write("x");
    CHECK(to_full.broken() == ENOSPC);

    OutputStream closed(loop, timers, 1'000'000);
    CHECK(closed.broken() == EBADF);
}

TEST_CASE("the other side may stall after the end has begun") {
    const auto ends = make_ends(false);
    boost::asio::io_context loop{1};
    test::ManualTimers timers;
    OutputStream out(loop, timers, ends.writing.get());
    out.abandon_after(1s);
    timers.advance(5s);  // nothing waits
    CHECK(out.broken() == 0);
    out.write(std::string(1'000'000, 'x'));
    read_some(ends.reading.get());
    timers.advance(1s - 1ns);
    CHECK(out.broken() == 0);
    timers.advance(1s + 1ns);
    CHECK(out.broken() == ECANCELED);
}

TEST_CASE("abandoned, it holds nothing back and takes nothing more") {
    const auto ends = make_ends(false);
    boost::asio::io_context loop{1};
    work::LoopTimers timers(loop);
    OutputStream out(loop, timers, ends.writing.get());
    out.write(std::string(1'000'000, 'x'));
    out.abandon();
    CHECK(out.pending() == 0);
    CHECK(out.broken() == ECANCELED);
}
