// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "work/worker_handler.hpp"

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/wait.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <sstream>
#include <string>

#include "tests/support/manual_timers.hpp"
#include "tests/support/temporary_directory.hpp"
#include "worker_bench.hpp"

using namespace airy;
using namespace airy::work;
using namespace std::chrono_literals;
namespace asio = boost::asio;

namespace {

// For `sh`: `each` runs for each message, with its $id and $body; `say RESULT` answers it.
std::string worker(const std::string& each, const std::string& before = ":") {
    return "say() { echo \"{\\\"id\\\":$id,\\\"result\\\":\\\"$1\\\"}\"; }; " + before +
           "; while read -r line; do id=${line#*:}; id=${id%%,*}; "
           "body=${line##*\\\"body_text\\\":\\\"}; "
           "body=${body%\\\"\\}}; " +
           each + "; done";
}

std::vector<Verdict> verdicts(const WorkerBench& bench) {
    std::vector<Verdict> all;
    for (const auto& message : bench.messages)
        all.push_back(message.result.verdict);
    return all;
}

}  // namespace

TEST_CASE("workers answer one message after another, and end with their stdin") {
    WorkerBench bench(worker("say $body; echo \"$body done\" >&2", "trap 'echo end >&2' EXIT"),
                      {.workers = 2});
    bench.come_up();
    for (const auto* result : {"ok", "retry", "reject", "requeue", "ok"})
        bench.give(result);
    REQUIRE(bench.all_done());
    CHECK(verdicts(bench) == std::vector{Verdict::success, Verdict::retry, Verdict::reject,
                                         Verdict::requeue, Verdict::success});
    CHECK_FALSE(bench.handler.at_rest());
    bench.handler.begin_no_more();
    REQUIRE(bench.at_rest());
    CHECK_FALSE(bench.handler.end());
    const auto text = bench.stderr_text();
    CHECK(text.find("reject done\n") != text.npos);
    const auto first = text.find("end\n");
    CHECK(first != text.npos);
    CHECK(text.find("end\n", first + 1) != text.npos);
}

TEST_CASE("one worker holds as many messages as its window, answered in any order") {
    // Answers four messages once it has them all, the last first.
    WorkerBench bench(
        "ids=; n=0; while read -r line; do id=${line#*:}; ids=\"${id%%,*} $ids\"; n=$((n+1)); "
        "if [ $n = 4 ]; then for id in $ids; do echo "
        "\"{\\\"id\\\":\\\"$id\\\",\\\"result\\\":\\\"ok\\\"}\"; "
        "done; n=0; ids=; fi; done",
        {.window = 4});
    bench.come_up();
    for (int i = 0; i < 8; ++i)
        bench.give(std::to_string(i));
    REQUIRE(bench.all_done());
    CHECK(verdicts(bench) == std::vector(8, Verdict::success));
}

TEST_CASE("a large message and a large answer pass") {
    WorkerBench bench(
        "while read -r line; do id=${line#*:}; id=${id%%,*}; printf '{\"reply\":\"'; head -c "
        "3000000 "
        "/dev/zero | tr '\\0' x; echo '\",\"id\":'$id',\"result\":\"ok\"}'; done");
    bench.come_up();
    auto& message = bench.give(std::string(2'000'000, 'm'));
    REQUIRE(bench.all_done());
    CHECK(message.result.verdict == Verdict::success);
    REQUIRE(message.result.reply);
    CHECK(message.result.reply->body.size() == 3'000'000);
}

TEST_CASE("with readiness no message comes before the first line") {
    WorkerBench bench(worker("say ok", "sleep 0.2; echo '{\"ready\":true}'"),
                      {.wait_until_ready = true});
    bench.come_up();
    bench.give("a");
    REQUIRE(bench.all_done());
    CHECK(verdicts(bench) == std::vector{Verdict::success});
    WorkerBench eager(worker("say ok", "echo '{\"ready\":true}'"));
    eager.come_up();
    eager.give("a");
    REQUIRE(eager.all_done());
    CHECK(verdicts(eager) == std::vector{Verdict::success});
}

TEST_CASE("a worker that ends fails what it held, and the next one goes on") {
    struct Case {
        const char* end;
        const char* reason;
    };
    for (const auto& [end, reason] : {
             Case{"kill -9 $$", "worker 1: killed by SIGKILL: bad"},
             Case{"exit 65", "worker 1: exit status 65: bad"},
             Case{"exit 0", "worker 1: ended without an answer"},
             Case{"sleep 100 & exit 3", "worker 1: exit status 3: bad"},
             Case{"exec >&-; sleep 100", "worker 1: it closed its stdout"},
             Case{"exec <&-; sleep 100", "worker 1: it closed its stdin"},
             Case{"echo hello; sleep 100", "worker 1: it wrote no answer (no JSON object): hello"},
             Case{"id=99; say ok; sleep 100", "worker 1: it answered id 99, which it never got"},
             Case{"say fine",
                  "worker 1: it wrote no answer (result must be ok, retry, reject or requeue): "
                  "{\"id\":2,\"result\":\"fine\"}"},
             Case{"head -c 100000000 /dev/zero", "worker 1: it wrote a line of more than 32 MiB"},
         }) {
        CAPTURE(end);
        WorkerBench bench(
            worker("case $body in bad) echo bad >&2; " + std::string(end) + ";; *) say ok;; esac"));
        bench.come_up();
        for (const auto* body : {"a", "bad", "c"})
            bench.give(body);
        REQUIRE(bench.all_done());
        CHECK(verdicts(bench) == std::vector{Verdict::success, Verdict::retry, Verdict::success});
        CHECK(bench.messages[1].result.reason == reason);
        bench.handler.begin_no_more();
        REQUIRE(bench.at_rest());
    }
}

TEST_CASE("a failure without a word on stderr is told as well") {
    struct Case {
        const char* end;
        const char* line;
    };
    for (const auto& [end, line] : {
             Case{"exit 7", "exit status 7"},
             Case{"exit 0", "ended without an answer"},
             Case{"kill -9 $$", "killed by SIGKILL"},
             Case{"sleep 100", "timed out"},
         }) {
        CAPTURE(end);
        WorkerBench bench(worker(end), {.child = {200ms, 5s}});
        bench.come_up();
        bench.give("a");
        REQUIRE(bench.all_done());
        CHECK(verdicts(bench) == std::vector{Verdict::retry});
        CHECK(bench.messages[0].result.detail.line == line);
    }
}

TEST_CASE("the neighbours of a message that ends its worker are not blamed") {
    WorkerBench bench(worker("case $body in bad) kill -9 $$;; *) say ok;; esac",
                             "sleep 0.2"),  // so that all come with one read
                      {.window = 8});
    bench.come_up();
    for (const auto* body : {"a", "b", "bad", "c", "d", "bad", "e"})
        bench.give(body);
    REQUIRE(bench.all_done());
    const auto ok = Verdict::success;
    CHECK(verdicts(bench) == std::vector{ok, ok, Verdict::retry, ok, ok, Verdict::retry, ok});
}

TEST_CASE("a message that its worker never read is another one's") {
    // Each process answers one message and ends; the next is in its pipe by then.
    WorkerBench bench(worker("say ok; exit 0"), {.window = 2});
    bench.come_up();
    for (int i = 0; i < 4; ++i)
        bench.give(std::to_string(i));
    REQUIRE(bench.all_done());
    CHECK(verdicts(bench) == std::vector(4, Verdict::success));
}

TEST_CASE("an answer given twice is nobody's fault but the worker's") {
    WorkerBench bench(worker("say ok; say ok; sleep 100", "sleep 0.2"), {.window = 3});
    bench.come_up();
    for (const auto* body : {"a", "b", "c"})
        bench.give(body);
    REQUIRE(bench.all_done());
    CHECK(verdicts(bench) == std::vector(3, Verdict::success));
}

TEST_CASE("an answer to what a worker has not read is none") {
    SUBCASE("of a message, which the next process gets") {
        // It also answers the message behind the one that it has read.
        WorkerBench bench({"python3", "-c", R"(
import json, os, sys, time
line = b""
while not line.endswith(b"\n"): line += os.read(0, 1)
message = json.loads(line)
print(message["body"], file=sys.stderr, flush=True)
for id in range(message["id"], message["id"] + 2): print(json.dumps({"id": id, "result": "ok"}), flush=True)
time.sleep(100))"},
                          {.window = 3});
        bench.come_up();
        for (int i = 1; i <= 3; ++i)
            bench.give(std::to_string(i));
        REQUIRE(bench.all_done());
        CHECK(verdicts(bench) == std::vector(3, Verdict::success));
        REQUIRE(bench.run_until([&] { return bench.stderr_text() == "1\n2\n3\n"; }));
    }
    SUBCASE("of a worker that reads nothing, which never comes up") {
        WorkerBench bench({"python3", "-c", R"(
import select, time
select.select([0], [], [])
for id in range(1, 100): print('{"id":%d,"result":"ok"}' % id, flush=True)
time.sleep(100))"},
                          {.window = 20});
        bench.come_up();
        for (int i = 0; i < 20; ++i)
            bench.give(std::to_string(i));
        REQUIRE(bench.all_done());
        CHECK(verdicts(bench) == std::vector(20, Verdict::not_handled));
        REQUIRE(bench.handler.end());
        CHECK(std::string(bench.handler.end()->error.what())
                  .starts_with("worker 1 does not come up: it answered id 1"));
    }
}

TEST_CASE("an answer without a line end counts at the end") {
    WorkerBench bench(
        "read -r line; id=${line#*:}; printf '{\"id\":%s,\"result\":\"ok\"}' ${id%%,*}");
    bench.come_up();
    bench.give("a");
    REQUIRE(bench.all_done());
    CHECK(verdicts(bench) == std::vector{Verdict::success});
}

TEST_CASE("the timeout ends the worker of the oldest message alone") {
    WorkerBench bench(worker("case $body in slow) echo hm >&2; sleep 100;; *) say ok;; esac"),
                      {.workers = 2, .window = 2, .child = {300ms, 5s}});
    bench.come_up();
    for (const auto* body : {"slow", "a", "b", "c", "d", "e"})
        bench.give(body);
    REQUIRE(bench.all_done());
    const auto ok = Verdict::success;
    CHECK(verdicts(bench) == std::vector{Verdict::retry, ok, ok, ok, ok, ok});
    CHECK(bench.messages[0].result.reason == "timed out: hm");
    CHECK(bench.messages[0].result.detail.code == 124);
}

TEST_CASE("a worker that does not read is ended, and nobody is blamed") {
    WorkerBench bench("sleep 100", {.window = 2, .child = {10ms, 5s}});
    bench.come_up();
    bench.give("a");
    bench.give("b");
    REQUIRE(bench.all_done());
    CHECK(verdicts(bench) == std::vector(2, Verdict::not_handled));
    REQUIRE(bench.handler.end());
    CHECK(std::string(bench.handler.end()->error.what()) ==
          "worker 1 does not come up: it has not begun to read in time");
}

TEST_CASE("messages that wait behind others in one worker have their time when it is their turn") {
    WorkerBench bench(worker("sleep 0.15; say ok"), {.window = 6, .child = {600ms, 5s}});
    bench.come_up();
    for (int i = 0; i < 6; ++i)
        bench.give(std::to_string(i));
    REQUIRE(bench.all_done());
    CHECK(verdicts(bench) == std::vector(6, Verdict::success));
}

TEST_CASE("a cancelled message ends its worker, and its neighbours are handled again") {
    WorkerBench bench(worker("case $body in slow) echo in >&2; sleep 100;; *) say ok;; esac"),
                      {.window = 3});
    bench.come_up();
    for (const auto* body : {"slow", "a", "b", "waits"})
        bench.give(body);
    REQUIRE(bench.run_until([&] { return !bench.stderr_text().empty(); }));
    CHECK(bench.handler.cancel("nobody", Verdict::reject) == 0);
    CHECK(bench.handler.cancel("waits", Verdict::retry) == 1);
    CHECK(bench.handler.cancel("slow", Verdict::reject) == 1);
    REQUIRE(bench.all_done());
    const auto ok = Verdict::success;
    CHECK(verdicts(bench) == std::vector{Verdict::reject, ok, ok, Verdict::retry});
    CHECK(bench.messages[0].result.reason == "cancelled by an operator: in");
}

TEST_CASE("a worker is replaced after so many messages, each in its own process") {
    WorkerBench bench(worker("echo $$ >&2; say ok"), {.window = 3, .restart_after_messages = 2});
    bench.come_up();
    for (int i = 0; i < 6; ++i)
        bench.give(std::to_string(i));
    REQUIRE(bench.all_done());
    CHECK(verdicts(bench) == std::vector(6, Verdict::success));
    // What a worker wrote to stderr may come behind its answer.
    REQUIRE(bench.run_until([&] { return std::ranges::count(bench.stderr_text(), '\n') == 6; }));
    std::map<std::string, int> messages;
    std::istringstream pids(bench.stderr_text());
    for (std::string pid; pids >> pid;)
        ++messages[pid];
    CHECK(messages.size() == 3);
    for (const auto& [pid, count] : messages)
        CHECK(count == 2);
}

TEST_CASE("a worker that is to be replaced waits for its turn, as long as another one works") {
    const test::TemporaryDirectory directory;
    const auto all_hold = [&] {
        const std::filesystem::directory_iterator files(directory.path());
        return std::distance(begin(files), end(files)) == 3;
    };
    // A process stays after the end of its stdin.
    WorkerBench bench(
        worker("if [ $body = hold ]; then :>$d/$$; until [ -e $d/go ]; do sleep 0.01; done; fi; "
               "echo $$ >&2; say ok",
               "d=" + directory.path()) +
            "; while :; do sleep 0.05; done",
        {.workers = 3, .child = {10s, 100s}, .restart_after_messages = 3});
    bench.come_up();
    for (int i = 0; i < 3; ++i)
        bench.give("hold");
    REQUIRE(bench.run_until(all_hold));
    std::ofstream(directory.path() + "/go").put('\n');
    REQUIRE(bench.all_done());
    const auto next = [&] {
        bench.give("x");
        const auto lines = static_cast<std::ptrdiff_t>(bench.messages.size());
        REQUIRE(bench.all_done());
        REQUIRE(bench.run_until(
            [&] { return std::ranges::count(bench.stderr_text(), '\n') == lines; }));
        std::istringstream text(bench.stderr_text());
        std::string pid;
        while (text >> pid) {
        }
        return pid;
    };
    const auto first = next();
    CHECK(next() == first);
    const auto second = next();
    CHECK(second != first);
    CHECK(next() == second);
    const auto third = next();
    CHECK(third != first);
    CHECK(third != second);
    CHECK(next() == third);
    // All are due: they are replaced at once, and nobody takes a fourth message.
    const auto& waits = bench.give("x");
    for (int i = 0; i < 20; ++i)
        bench.loop.run_one_for(5ms);
    CHECK_FALSE(waits.done);
    ::kill(std::stoi(third), SIGKILL);
    REQUIRE(bench.all_done());
    const auto fresh = next();
    CHECK(fresh != first);
    CHECK(fresh != second);
    CHECK(fresh != third);
    bench.handler.kill();
}

TEST_CASE("a worker is replaced after its time, also while it is idle") {
    test::ManualTimers timers;
    WorkerBench bench(worker("say ok", "echo $$ >&2"), {.workers = 2, .restart_after = 2s},
                      &timers);
    bench.come_up();
    // Shorter than a life that counts as one of use, and the workers are not given up.
    REQUIRE(bench.run_until([&] {
        timers.advance(100ms);
        return std::ranges::count(bench.stderr_text(), '\n') >= 14;
    }));
    CHECK_FALSE(bench.handler.end());
    bench.give("a");
    REQUIRE(bench.all_done());
    CHECK(verdicts(bench) == std::vector{Verdict::success});
}

TEST_CASE("a worker that never comes up is the handler's end, with its last line") {
    const std::string script = "echo 'no module x' >&2; exit 1";
    WorkerBench eager(script);
    WorkerBench waiting(script, {.wait_until_ready = true});
    std::string error;
    eager.come_up();
    eager.give("a");
    asio::co_spawn(waiting.loop, WorkerBench::arrive(waiting), [&](const std::exception_ptr& why) {
        if (why) error = pool::describe(why);
    });
    REQUIRE(waiting.run_until([&] {
        eager.loop.restart();
        eager.loop.poll();
        return !error.empty() && eager.messages[0].done;
    }));
    CHECK(verdicts(eager) == std::vector{Verdict::not_handled});
    const auto end = eager.handler.end();
    REQUIRE(end);
    CHECK(end->error.kind() == ErrorKind::handler);
    CHECK(std::string(end->error.what()) ==
          "worker 1 does not come up: exit status 1: no module x");
    CHECK(error == end->error.what());
    CHECK_FALSE(waiting.up);
    eager.handler.begin_no_more();
    REQUIRE(eager.at_rest());
}

TEST_CASE("a worker that is not ready in time does not come up") {
    test::ManualTimers timers;
    WorkerBench bench("echo hm >&2; sleep 100", {.wait_until_ready = true}, &timers);
    asio::co_spawn(bench.loop, WorkerBench::arrive(bench), [](const std::exception_ptr&) {});
    REQUIRE(bench.run_until([&] {
        bench.loop.poll();
        if (!bench.handler.end()) timers.advance_to_next();
        return bench.handler.end().has_value();
    }));
    CHECK(std::string(bench.handler.end()->error.what()) ==
          "worker 1 does not come up: it was not ready in time");
}

TEST_CASE("at the end a worker finishes what it holds, and what waits goes back") {
    WorkerBench bench(worker("sleep 0.2; say ok; trap 'echo signal >&2' TERM"), {.window = 2});
    bench.come_up();
    for (const auto* body : {"a", "b", "waits"})
        bench.give(body);
    bench.loop.poll();
    bench.handler.begin_no_more();
    REQUIRE(bench.at_rest());
    REQUIRE(bench.all_done());
    const auto ok = Verdict::success;
    CHECK(verdicts(bench) == std::vector{ok, ok, Verdict::not_handled});
    CHECK(bench.stderr_text().empty());
    CHECK(bench.give("late").result.verdict == Verdict::not_handled);
    REQUIRE(bench.all_done());
}

TEST_CASE("after the time to drain come SIGTERM and SIGKILL") {
    for (const bool force : {false, true}) {
        CAPTURE(force);
        WorkerBench bench(
            worker("echo in >&2; while :; do sleep 0.05; done", "trap 'echo term >&2' TERM"),
            {.window = 2, .child = {5min, force ? 1h : 100ms}});
        bench.come_up();
        bench.give("a");
        bench.give("b");
        REQUIRE(bench.run_until([&] { return !bench.stderr_text().empty(); }));
        bench.handler.begin_no_more();
        if (force)
            bench.handler.kill();
        else
            bench.handler.ask_to_stop();
        REQUIRE(bench.at_rest());
        REQUIRE(bench.all_done());
        CHECK(verdicts(bench) == std::vector(2, Verdict::not_handled));
        CHECK((bench.stderr_text().find("term") != std::string::npos) == !force);
    }
}

TEST_CASE("a worker that ignores the end of its stdin is asked to stop") {
    WorkerBench bench("while :; do sleep 0.05; done");
    bench.come_up();
    bench.handler.begin_no_more();
    bench.loop.restart();
    bench.loop.run_for(100ms);
    CHECK_FALSE(bench.handler.at_rest());
    bench.handler.ask_to_stop();
    REQUIRE(bench.at_rest());
}

TEST_CASE("a signal to all processes of a service costs a held message nothing") {
    WorkerBench bench(worker("echo $$ >&2; sleep 100"));
    bench.come_up();
    auto& message = bench.give("a");
    REQUIRE(bench.run_until([&] { return bench.stderr_text().ends_with("\n"); }));
    ::kill(std::stoi(bench.stderr_text()), SIGTERM);
    REQUIRE(bench.run_until([&] { return message.done; }));
    CHECK(message.result.verdict == Verdict::retry);
    CHECK(message.result.interrupted);
}

TEST_CASE("a handler that goes away leaves no process") {
    pid_t pid = 0;
    {
        WorkerBench bench("echo $$ >&2; sleep 100");
        bench.come_up();
        REQUIRE(bench.run_until([&] { return bench.stderr_text().ends_with("\n"); }));
        pid = std::stoi(bench.stderr_text());
        bench.give("a");
        bench.loop.poll();
    }
    siginfo_t info{};
    REQUIRE(::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED) == 0);
    CHECK(info.si_status == SIGKILL);
}
