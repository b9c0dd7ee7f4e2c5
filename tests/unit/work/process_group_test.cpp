// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "work/process_group.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <optional>
#include <string>

#include "tests/support/manual_timers.hpp"

using namespace airy;
using namespace airy::work;
using namespace std::chrono_literals;
using Ending = ProcessGroup::Ending;

namespace {

// A shell that leads its own group and runs `script`; it has said so once the bench is there.
struct GroupBench {
    explicit GroupBench(const std::string& script) {
        std::array<int, 2> ends{};
        REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
        const util::Fd reading(ends[0]);
        util::Fd writing(ends[1]);
        const auto line = script + "; echo up; while :; do sleep 1000; done";
        const auto pid = ::fork();
        REQUIRE(pid >= 0);
        if (pid == 0) {
            ::setpgid(0, 0);
            ::dup2(writing.get(), STDOUT_FILENO);
            ::execl("/bin/sh", "sh", "-c", line.c_str(), nullptr);
            ::_exit(127);
        }
        writing.reset();
        char up = 0;
        REQUIRE(::read(reading.get(), &up, 1) == 1);
        util::Fd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
        REQUIRE(group.adopt(pid, pidfd) == 0);
        boost::asio::co_spawn(loop, wait(*this), boost::asio::detached);
    }
    static boost::asio::awaitable<void> wait(GroupBench& bench) {
        bench.info = co_await bench.group.ended();
    }
    // What happens without the time going on.
    bool ends() {
        loop.run_for(20s);
        return info.has_value();
    }
    bool goes_on() {
        loop.poll();
        return !info.has_value();
    }

    boost::asio::io_context loop{1};
    test::ManualTimers timers;
    ProcessGroup group{loop, timers, 10s};
    std::optional<siginfo_t> info;
};

}  // namespace

TEST_CASE("asked to stop, a group gets SIGTERM") {
    GroupBench bench(":");
    CHECK(bench.goes_on());
    bench.group.ask_to_stop();
    REQUIRE(bench.ends());
    CHECK(bench.info->si_status == SIGTERM);
    CHECK(bench.group.ending() == Ending::stop);
}

TEST_CASE("a group that ignores SIGTERM gets SIGKILL after its time") {
    GroupBench bench("trap '' TERM");
    bench.group.ask_to_stop();
    bench.timers.advance(10s - 1ns);
    CHECK(bench.goes_on());
    bench.timers.advance(1ns);
    REQUIRE(bench.ends());
    CHECK(bench.info->si_status == SIGKILL);
    CHECK(bench.group.ending() == Ending::stop);
}

TEST_CASE("a timeout ends a group, unless it was told to end before") {
    GroupBench bench(":");
    bench.group.time_out_after(5s);
    SUBCASE("by itself") {
        bench.timers.advance(5s);
        REQUIRE(bench.ends());
        CHECK(bench.info->si_status == SIGTERM);
        CHECK(bench.group.ending() == Ending::timeout);
    }
    SUBCASE("killed before") {
        bench.group.kill();
        bench.timers.advance(5s);
        REQUIRE(bench.ends());
        CHECK(bench.info->si_status == SIGKILL);
        CHECK(bench.group.ending() == Ending::stop);
    }
}
