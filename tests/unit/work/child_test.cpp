// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "work/child.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <fstream>
#include <sstream>

#include "tests/support/manual_timers.hpp"
#include "util/signals.hpp"

using namespace airy;
using namespace airy::work;
using namespace std::chrono_literals;
namespace asio = boost::asio;
using Kind = ChildResult::Kind;

namespace {

// A file without a name, read back from its start.
struct Capture {
    util::Fd file{::open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600)};
    std::string text() const {
        std::string all;
        std::array<char, 65536> chunk;
        for (off_t at = 0;;) {
            const auto n = ::pread(file.get(), chunk.data(), chunk.size(), at);
            if (n <= 0) return all;
            all.append(chunk.data(), static_cast<std::size_t>(n));
            at += n;
        }
    }
};

struct ChildBench {
    explicit ChildBench(std::vector<std::string> argv, ChildOptions options = {},
                        Timers* timers = nullptr)
        : runner(loop, timers != nullptr ? *timers : loop_timers,
                 find_command(std::move(argv), "/bin:/usr/bin"), options, out, err) {
        util::ignore_sigpipe();
    }

    Capture out_file;
    Capture err_file;
    asio::io_context loop{1};
    LoopTimers loop_timers{loop};
    OutputStream out{loop, loop_timers, out_file.file.get()};
    OutputStream err{loop, loop_timers, err_file.file.get()};
    CommandRunner runner;

    static asio::awaitable<void> run_one(ChildBench& bench, ChildRequest request,
                                         ChildResult& result) {
        result = co_await bench.runner.run(request);
    }
    void begin(ChildRequest request, ChildResult& result) {
        asio::co_spawn(loop, run_one(*this, request, result), asio::detached);
    }
    ChildResult run(ChildRequest request = {}) {
        ChildResult result{Kind::cannot_start, -1, {}};
        begin(request, result);
        loop.restart();
        loop.run();
        return result;
    }
    // Runs the loop until the condition holds, at most 20 s.
    template <class Condition>
    bool run_until(Condition holds) {
        const auto limit = std::chrono::steady_clock::now() + 20s;
        while (!holds()) {
            if (std::chrono::steady_clock::now() > limit) return false;
            loop.restart();
            loop.run_one_for(10ms);
        }
        return true;
    }
};

ChildResult shell(const std::string& script, ChildOptions options = {}) {
    ChildBench bench({"sh", "-c", script}, options);
    return bench.run();
}

bool process_exists(pid_t pid) {
    return ::kill(pid, 0) == 0;
}

// Whether the process ends within 20 s. It is not our child.
bool wait_gone(ChildBench& bench, pid_t pid) {
    return bench.run_until([pid] {
        std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
        std::string text((std::istreambuf_iterator<char>(stat)), {});
        const auto name_end = text.rfind(')');
        return !process_exists(pid) || (name_end != text.npos && text.at(name_end + 2) == 'Z');
    });
}

std::vector<int> open_descriptors() {
    std::vector<int> open;
    for (int fd = 0; fd < 1024; ++fd)
        if (::fcntl(fd, F_GETFD) >= 0) open.push_back(fd);
    return open;
}

}  // namespace

TEST_CASE("exit statuses and signals come back") {
    for (const int status : {0, 1, 3, 75, 255}) {
        const auto result = shell("exit " + std::to_string(status));
        CHECK(result.kind == Kind::exited);
        CHECK(result.value == status);
    }
    const auto killed = shell("kill -KILL $$");
    CHECK(killed.kind == Kind::signalled);
    CHECK(killed.value == SIGKILL);
    CHECK(shell("kill -SEGV $$").value == SIGSEGV);
}

TEST_CASE("the message is on stdin, every byte of it") {
    std::string body;
    for (int i = 0; i < 300'000; ++i)
        body.push_back(static_cast<char>(i * 7));
    ChildBench bench({"od", "-An", "-v", "-tu1", "-w1"});
    const auto result = bench.run({.stdin_bytes = body});
    REQUIRE(result.kind == Kind::exited);
    CHECK(result.value == 0);
    std::istringstream numbers(bench.out_file.text());
    std::size_t count = 0;
    bool same = true;
    for (unsigned value = 0; numbers >> value; ++count)
        same = same && count < body.size() && value == static_cast<unsigned char>(body[count]);
    CHECK(count == body.size());
    CHECK(same);
}

TEST_CASE("an empty message, and a command that does not read or closes stdin, are fine") {
    ChildBench bench({"sh", "-c", "cat; echo end"});
    CHECK(bench.run().value == 0);
    CHECK(bench.out_file.text() == "end\n");

    const std::string body(1'000'000, 'x');
    ChildBench deaf({"true"});
    CHECK(deaf.run({.stdin_bytes = body}).value == 0);
    ChildBench closes({"sh", "-c", "exec <&-; exit 7"});
    CHECK(closes.run({.stdin_bytes = body}).value == 7);
}

TEST_CASE("arguments are passed as they are, without a shell") {
    ChildBench bench({"printf", "<%s>", "a b", "$HOME;`id`", ""});
    CHECK(bench.run().value == 0);
    CHECK(bench.out_file.text() == "<a b><$HOME;`id`><>\n");
}

TEST_CASE("the environment of the message is added") {
    ::setenv("MQ_PASSWORD", "secret", 1);
    ::setenv("AIRY_TEST_KEPT", "kept", 1);
    ChildBench bench({"env"});
    ::unsetenv("MQ_PASSWORD");
    const std::vector<std::string> environment{"AIRY_TOPIC=post.published", "AIRY_ATTEMPT=1"};
    CHECK(bench.run({.environment = environment}).value == 0);
    const auto text = bench.out_file.text();
    CHECK(text.find("AIRY_TOPIC=post.published\n") != text.npos);
    CHECK(text.find("AIRY_ATTEMPT=1\n") != text.npos);
    CHECK(text.find("AIRY_TEST_KEPT=kept\n") != text.npos);
    CHECK(text.find("secret") == text.npos);
    // Nothing of one message is left for the next.
    CHECK(bench.run().value == 0);
    CHECK(bench.out_file.text().find("AIRY_TOPIC", text.size()) == std::string::npos);
}

TEST_CASE("a child begins with default signals, none blocked, in its own group") {
    util::ignore_sigpipe();
    ChildBench bench(
        {"sh", "-c", "grep -E '^Sig(Blk|Ign)' /proc/self/status; ps -o pgid= -p $$; echo $$"});
    sigset_t blocked;
    sigset_t former;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &blocked, &former);
    CHECK(bench.run().value == 0);
    pthread_sigmask(SIG_SETMASK, &former, nullptr);
    std::istringstream text(bench.out_file.text());
    std::string name;
    std::string blocked_mask;
    std::string ignored_mask;
    int group = 0;
    int leader = 0;
    text >> name >> blocked_mask >> name >> ignored_mask >> group >> leader;
    CHECK(blocked_mask == "0000000000000000");
    CHECK((std::stoull("0x" + ignored_mask, nullptr, 16) & (1ULL << (SIGPIPE - 1))) == 0);
    CHECK(group == leader);
    CHECK(group != ::getpgrp());
}

TEST_CASE("no descriptor of ours reaches the child, and none is left open") {
    const auto before = open_descriptors();
    {
        ChildBench bench({"ls", "/proc/self/fd"});
        CHECK(bench.run({.stdin_bytes = "x"}).value == 0);
        std::istringstream seen(bench.out_file.text());
        std::size_t count = 0;
        for (int fd = 0; seen >> fd;)
            ++count;
        // 0, 1, 2, the folder that is listed, and what the test itself was started with.
        const auto inherited = std::ranges::count_if(
            before, [](int fd) { return fd > 2 && (::fcntl(fd, F_GETFD) & FD_CLOEXEC) == 0; });
        CHECK(count == 4 + static_cast<std::size_t>(inherited));
        const auto in_use = open_descriptors();
        for (int i = 0; i < 20; ++i)
            bench.run({.stdin_bytes = "x"});
        CHECK(open_descriptors() == in_use);
    }
    CHECK(open_descriptors() == before);
}

TEST_CASE("stdout and stderr pass through as lines, with a prefix if wanted") {
    ChildBench bench({"sh", "-c", "echo one; printf two; echo oops >&2; echo >&2"});
    const auto result = bench.run({.line_prefix = "[t id] "});
    CHECK(bench.out_file.text() == "[t id] one\n[t id] two\n");
    CHECK(bench.err_file.text() == "[t id] oops\n[t id] \n");
    CHECK(result.last_line == "oops");
}

TEST_CASE("lines of children that run at once are never mixed") {
    ChildBench bench({"sh", "-c",
                      "i=0; while [ $i -lt 200 ]; do printf %s \"$W\"; printf %s \"$W\"; echo; "
                      "i=$((i+1)); done"});
    constexpr std::size_t children = 8;
    std::vector<ChildResult> results(children);
    std::vector<std::vector<std::string>> environments(children);
    for (std::size_t i = 0; i < children; ++i) {
        environments[i].push_back("W=" + std::string(50, static_cast<char>('a' + i)));
        bench.begin({.environment = environments[i]}, results[i]);
    }
    bench.loop.run();
    std::istringstream text(bench.out_file.text());
    std::size_t lines = 0;
    bool whole = true;
    for (std::string line; std::getline(text, line); ++lines)
        whole = whole && line == std::string(100, line.empty() ? '?' : line[0]);
    CHECK(lines == children * 200);
    CHECK(whole);
}

TEST_CASE("a flood of output does not grow memory") {
    util::Fd null(::open("/dev/null", O_WRONLY | O_CLOEXEC));
    asio::io_context loop{1};
    LoopTimers timers(loop);
    OutputStream out(loop, timers, null.get());
    OutputStream err(loop, timers, null.get());
    CommandRunner runner(loop, timers,
                         find_command({"head", "-c", "100000000", "/dev/zero"}, "/bin:/usr/bin"),
                         {}, out, err);
    struct Run {
        static asio::awaitable<void> one(CommandRunner& runner, ChildResult& result) {
            result = co_await runner.run({});
        }
    };
    ChildResult result;
    rusage before{};
    ::getrusage(RUSAGE_SELF, &before);
    asio::co_spawn(loop, Run::one(runner, result), asio::detached);
    loop.run();
    rusage after{};
    ::getrusage(RUSAGE_SELF, &after);
    CHECK(result.kind == Kind::exited);
    CHECK(result.value == 0);
    CHECK(after.ru_maxrss - before.ru_maxrss < 8 * 1024);  // KiB
}

TEST_CASE("output waits while nobody reads it, and none is lost") {
    util::ignore_sigpipe();
    std::array<int, 2> ends{};
    REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
    util::Fd reading(ends[0]);
    util::Fd writing(ends[1]);
    asio::io_context loop{1};
    LoopTimers timers(loop);
    OutputStream out(loop, timers, writing.get());
    OutputStream err(loop, timers, STDERR_FILENO);
    CommandRunner runner(loop, timers, find_command({"seq", "1", "300000"}, "/bin:/usr/bin"), {},
                         out, err);
    struct Run {
        static asio::awaitable<void> one(CommandRunner& runner, ChildResult& result, bool& done) {
            result = co_await runner.run({});
            done = true;
        }
    };
    ChildResult result;
    bool done = false;
    asio::co_spawn(loop, Run::one(runner, result, done), asio::detached);
    // Nothing is read: the loop stays free to do other things, and the child is held up.
    std::size_t most = 0;
    const auto turns = [&](auto&& enough) {
        const auto limit = std::chrono::steady_clock::now() + 20s;
        while (!enough() && std::chrono::steady_clock::now() < limit) {
            loop.run_one_for(10ms);
            most = std::max(most, out.pending());
        }
    };
    turns([&] { return out.congested(); });
    turns([&, left = 20]() mutable { return left-- == 0; });
    CHECK_FALSE(done);
    CHECK(most > OutputStream::congestion_limit);
    CHECK(most < 2 * OutputStream::congestion_limit);

    ::fcntl(reading.get(), F_SETFL, O_NONBLOCK);
    std::string text;
    std::array<char, 65536> chunk;
    const auto limit = std::chrono::steady_clock::now() + 20s;
    while ((!done || out.pending() > 0) && std::chrono::steady_clock::now() < limit) {
        loop.restart();
        loop.run_one_for(10ms);
        for (ssize_t n = 0; (n = ::read(reading.get(), chunk.data(), chunk.size())) > 0;)
            text.append(chunk.data(), static_cast<std::size_t>(n));
    }
    REQUIRE(done);
    CHECK(result.value == 0);
    std::string expected;
    for (int i = 1; i <= 300'000; ++i)
        expected += std::to_string(i) + "\n";
    CHECK(text == expected);
}

TEST_CASE("a reader that is gone does not hold up the child") {
    util::ignore_sigpipe();
    std::array<int, 2> ends{};
    REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
    util::Fd writing(ends[1]);
    ::close(ends[0]);
    asio::io_context loop{1};
    LoopTimers timers(loop);
    OutputStream out(loop, timers, writing.get());
    OutputStream err(loop, timers, STDERR_FILENO);
    CommandRunner runner(loop, timers, find_command({"seq", "1", "300000"}, "/bin:/usr/bin"), {},
                         out, err);
    struct Run {
        static asio::awaitable<void> one(CommandRunner& runner, ChildResult& result) {
            result = co_await runner.run({});
        }
    };
    ChildResult result;
    asio::co_spawn(loop, Run::one(runner, result), asio::detached);
    loop.run();
    CHECK(result.kind == Kind::exited);
    CHECK(result.value == 0);
    CHECK(out.broken() == EPIPE);
}

TEST_CASE("a timeout ends the whole group: SIGTERM first") {
    test::ManualTimers timers;
    ChildBench bench({"sh", "-c", "sleep 1000 & trap 'echo bye; exit 0' TERM; echo $!; wait"},
                     {.timeout = 5min, .kill_after = 10s}, &timers);
    ChildResult result{Kind::cannot_start, -1, {}};
    bench.begin({}, result);
    REQUIRE(bench.run_until([&] { return bench.out_file.text().ends_with("\n"); }));
    timers.advance(5min - 1ns);
    bench.loop.run_one_for(10ms);
    CHECK(result.value == -1);
    timers.advance(1ns);
    REQUIRE(bench.run_until([&] { return result.kind == Kind::timed_out; }));
    std::istringstream text(bench.out_file.text());
    pid_t grandchild = 0;
    std::string word;
    text >> grandchild >> word;
    REQUIRE(grandchild > 0);
    CHECK(word == "bye");
    CHECK(wait_gone(bench, grandchild));
}

TEST_CASE("a group that ignores SIGTERM is killed") {
    test::ManualTimers timers;
    ChildBench bench(
        {"sh", "-c", "trap '' TERM; (sleep 1000; echo no) & echo $!; sleep 1000; echo no"},
        {.timeout = 5min, .kill_after = 10s}, &timers);
    ChildResult result{Kind::cannot_start, -1, {}};
    bench.begin({}, result);
    REQUIRE(bench.run_until([&] { return bench.out_file.text().ends_with("\n"); }));
    const auto grandchild = static_cast<pid_t>(std::stol(bench.out_file.text()));
    timers.advance(5min);
    timers.advance(10s - 1ns);
    bench.loop.run_one_for(10ms);
    CHECK(result.value == -1);
    CHECK(process_exists(grandchild));
    timers.advance(1ns);
    REQUIRE(bench.run_until([&] {
        timers.advance_to_next();  // its output may be open for a little longer
        return result.kind == Kind::timed_out;
    }));
    CHECK(wait_gone(bench, grandchild));
    CHECK(bench.out_file.text().find("no") == std::string::npos);
}

TEST_CASE("a process left behind with the pipes open does not hang the message") {
    ChildBench bench({"sh", "-c", "echo before; sleep 1000 & echo $!; exit 0"});
    const auto result = bench.run();
    CHECK(result.kind == Kind::exited);
    CHECK(result.value == 0);
    const auto text = bench.out_file.text();
    REQUIRE(text.starts_with("before\n"));
    const auto left = static_cast<pid_t>(std::stol(text.substr(7)));
    CHECK(process_exists(left));  // it did what it was told; it is not ours to end
    ::kill(left, SIGKILL);
}

TEST_CASE("a process left behind that floods the pipe does not hang the message") {
    ChildBench bench({"sh", "-c", "yes & echo $! >&2"});
    const auto result = bench.run();
    CHECK(result.kind == Kind::exited);
    const auto left = static_cast<pid_t>(std::stol(result.last_line));
    CHECK(wait_gone(bench, left));  // by SIGPIPE, since nobody reads it any more
}

TEST_CASE("asked to stop, commands get SIGTERM, and none begins") {
    ChildBench bench({"sh", "-c", "echo up; exec sleep 1000"});
    std::array<ChildResult, 3> results;
    results.fill({Kind::cannot_start, 0, {}});
    for (auto& result : results)
        bench.begin({}, result);
    REQUIRE(bench.run_until([&] { return bench.out_file.text() == "up\nup\nup\n"; }));
    CHECK(bench.runner.running() == 3);
    bench.runner.ask_to_stop();
    bench.loop.restart();
    bench.loop.run();
    for (const auto& result : results)
        CHECK(result.kind == Kind::stopped);
    CHECK(bench.runner.running() == 0);
    CHECK(bench.run().kind == Kind::stopped);
    CHECK(bench.out_file.text() == "up\nup\nup\n");
}

TEST_CASE("a command that was asked to stop but succeeds has succeeded") {
    ChildBench bench({"sh", "-c", "trap 'exit 0' TERM; echo up; while :; do sleep 0.01; done"});
    ChildResult result{Kind::cannot_start, 0, {}};
    bench.begin({}, result);
    REQUIRE(bench.run_until([&] { return bench.out_file.text() == "up\n"; }));
    bench.runner.ask_to_stop();
    bench.loop.restart();
    bench.loop.run();
    CHECK(result.kind == Kind::exited);
    CHECK(result.value == 0);
}

TEST_CASE("killed at once, even when it ignores SIGTERM") {
    ChildBench bench({"sh", "-c", "trap '' TERM; echo up; sleep 1000"});
    ChildResult result{Kind::cannot_start, 0, {}};
    bench.begin({}, result);
    REQUIRE(bench.run_until([&] { return bench.out_file.text() == "up\n"; }));
    bench.runner.ask_to_stop();
    bench.runner.kill_all();
    bench.loop.restart();
    bench.loop.run();
    CHECK(result.kind == Kind::stopped);
}

TEST_CASE("a command that is gone later cannot start") {
    char path[] = "/tmp/airy-child-XXXXXX";
    const int file = ::mkstemp(path);
    REQUIRE(::write(file, "#!/bin/sh\n", 10) == 10);
    ::fchmod(file, 0755);
    ::close(file);
    ChildBench bench({path});
    ::unlink(path);
    const auto result = bench.run();
    CHECK(result.kind == Kind::cannot_start);
    CHECK(result.value == ENOENT);
}

TEST_CASE("too few descriptors hold a command back, and it runs when there are enough") {
    ChildBench bench({"true"});
    CHECK(bench.run().value == 0);
    rlimit former{};
    ::getrlimit(RLIMIT_NOFILE, &former);
    std::vector<util::Fd> taken;
    rlimit tight = former;
    tight.rlim_cur = 256;
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &tight) == 0);
    while (true) {
        util::Fd fd(::dup(STDERR_FILENO));
        if (!fd) break;
        taken.push_back(std::move(fd));
    }
    ChildResult result{Kind::cannot_start, -1, {}};
    bench.begin({.stdin_bytes = "x"}, result);
    for (int turn = 0; turn < 20; ++turn)
        bench.loop.run_one_for(10ms);
    CHECK(result.value == -1);  // neither run nor failed
    CHECK(bench.runner.running() == 0);
    taken.clear();
    bench.loop.restart();
    bench.loop.run();
    ::setrlimit(RLIMIT_NOFILE, &former);
    CHECK(result.kind == Kind::exited);
    CHECK(result.value == 0);
}

TEST_CASE("a line without an end is passed on in pieces of 64 KiB") {
    ChildBench bench({"sh", "-c", "head -c 200000 /dev/zero | tr '\\0' x"});
    CHECK(bench.run().value == 0);
    std::istringstream text(bench.out_file.text());
    std::vector<std::size_t> lengths;
    for (std::string line; std::getline(text, line);)
        lengths.push_back(line.size());
    CHECK(lengths == std::vector<std::size_t>{65536, 65536, 65536, 200'000 - 3 * 65536});
}
