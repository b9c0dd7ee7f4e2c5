// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
// Workers that take several messages a line, with real processes.
#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <sstream>
#include <string>
#include <vector>

#include "worker_bench.hpp"

using namespace airy;
using namespace airy::work;
using namespace std::chrono_literals;

namespace {

// A worker in Python that runs `each` for each line: with the `batch`, its `bodies`, and `ids` by
// body. It writes the bodies of each line to stderr first.
std::vector<std::string> batch_worker(const std::string& each) {
    return {"python3", "-c", R"(
import json, os, signal, sys, time
def say(id, result, **more):
    print(json.dumps({"id": id, "result": result, **more}), flush=True)
for line in sys.stdin:
    batch = json.loads(line)
    ids = {message["body_text"]: message["id"] for message in batch["batch"]}
    bodies = list(ids)
    print("+".join(bodies), file=sys.stderr, flush=True)
)" + each};
}

WorkerOptions batches_of_100(std::size_t window = 1, bool split = true) {
    return {.window = window, .batch = BatchOptions{.most = 100, .split = split}};
}

constexpr auto done_well = Verdict::success;
using AllVerdicts = std::vector<Verdict>;

// What the worker wrote to stderr, once it is all there.
std::string lines_seen(WorkerBench& bench, long count) {
    REQUIRE(
        bench.run_until([&] { return std::ranges::count(bench.stderr_text(), '\n') >= count; }));
    return bench.stderr_text();
}

}  // namespace

TEST_CASE("a batch is one line, and one answer settles its messages") {
    WorkerBench bench(batch_worker(R"(
    if "mixed" in bodies:
        say(ids["mixed"], "reject", reason="no good")
        say(ids["late"], "retry", delay="30s")
    say(batch["id"], "ok"))"),
                      batches_of_100());
    bench.come_up();
    CHECK(bench.handler.batch_limit() == 100);
    auto& plain = bench.give_batch({"a", "b", "c"});
    auto& mixed = bench.give_batch({"x", "mixed", "late", "y"});
    REQUIRE(bench.batches_done());
    CHECK(plain.verdicts() == AllVerdicts(3, done_well));
    CHECK(mixed.verdicts() == AllVerdicts{done_well, Verdict::reject, Verdict::retry, done_well});
    CHECK(mixed.results[1].reason == "no good");
    CHECK(mixed.results[2].retry_after == 30s);
    CHECK(lines_seen(bench, 2) == "a+b+c\nx+mixed+late+y\n");
}

TEST_CASE("each message may be answered by its own id, with or without one for the batch") {
    WorkerBench bench(batch_worker(R"(
    for body in reversed(bodies): say(ids[body], "ok")
    if "b" in bodies: say(batch["id"], "retry"))"),
                      batches_of_100(2));
    bench.come_up();
    for (const auto& bodies : {std::vector<std::string>{"a", "b"}, {"c"}, {"d", "e"}})
        bench.give_batch(bodies);
    REQUIRE(bench.batches_done());
    for (const auto& batch : bench.batches)
        CHECK(batch.verdicts() == AllVerdicts(batch.results.size(), done_well));
    CHECK(lines_seen(bench, 3) == "a+b\nc\nd+e\n");
}

TEST_CASE("after the failure of a batch its messages are given out alone, or all have failed") {
    const std::string each = R"(
    if "ok" in bodies: say(ids["ok"], "ok")
    if "bad" in bodies: say(batch["id"], "reject", reason="bad\nrow", reply="x")
    else: say(batch["id"], "ok"))";
    SUBCASE("split") {
        WorkerBench bench(batch_worker(each), batches_of_100());
        bench.come_up();
        auto& batch = bench.give_batch({"a", "ok", "bad", "b"});
        REQUIRE(bench.batches_done());
        CHECK(batch.verdicts() == AllVerdicts{done_well, done_well, Verdict::reject, done_well});
        CHECK(batch.results[2].reason == "bad row");
        CHECK(lines_seen(bench, 4) == "a+ok+bad+b\na\nbad\nb\n");
    }
    SUBCASE("all") {
        WorkerBench bench(batch_worker(each), batches_of_100(1, false));
        bench.come_up();
        auto& batch = bench.give_batch({"a", "ok", "bad", "b"});
        REQUIRE(bench.batches_done());
        const auto bad = Verdict::reject;
        CHECK(batch.verdicts() == AllVerdicts{bad, done_well, bad, bad});
        CHECK_FALSE(batch.results[0].reply);
        CHECK(lines_seen(bench, 1) == "a+ok+bad+b\n");
    }
}

TEST_CASE("a message that ends its worker is found in its batch, and nobody else is blamed") {
    WorkerBench bench(batch_worker(R"(
    if "first" in bodies: say(ids["first"], "ok")
    if "bad" in bodies: os.kill(os.getpid(), signal.SIGKILL)
    say(batch["id"], "ok"))"),
                      batches_of_100(3));
    bench.come_up();
    for (const auto& bodies : {std::vector<std::string>{"a", "b"},
                               {"first", "c", "bad", "d"},
                               {"e", "f"},
                               {"g"},
                               {"bad"}})
        bench.give_batch(bodies);
    REQUIRE(bench.batches_done());
    const auto bad = Verdict::retry;
    CHECK(bench.batches[0].verdicts() == AllVerdicts(2, done_well));
    CHECK(bench.batches[1].verdicts() == AllVerdicts{done_well, done_well, bad, done_well});
    CHECK(bench.batches[1].results[2].reason == "worker 1: killed by SIGKILL: bad");
    CHECK(bench.batches[2].verdicts() == AllVerdicts(2, done_well));
    CHECK(bench.batches[3].verdicts() == AllVerdicts{done_well});
    CHECK(bench.batches[4].verdicts() == AllVerdicts{bad});
    CHECK(bench.stderr_text().find("\nc\nbad\nd\n") != std::string::npos);
}

TEST_CASE("where a batch is to fail as a whole, it does so with its worker") {
    WorkerBench bench(batch_worker(R"(
    if "a" in bodies: say(ids["a"], "ok")
    if "bad" in bodies: sys.exit(3)
    say(batch["id"], "ok"))"),
                      batches_of_100(2, false));
    bench.come_up();
    auto& failed = bench.give_batch({"a", "bad", "b"});
    auto& next = bench.give_batch({"c", "d"});
    REQUIRE(bench.batches_done());
    CHECK(failed.verdicts() == AllVerdicts{done_well, Verdict::retry, Verdict::retry});
    CHECK(failed.results[2].reason == "worker 1: exit status 3: bad+b");
    CHECK(next.verdicts() == AllVerdicts(2, done_well));
}

TEST_CASE("the timeout is that of a line, and a batch that is late is split") {
    auto options = batches_of_100(2);
    options.workers = 2;
    options.child = {600ms, 5s};
    options.wait_until_ready = false;
    WorkerBench bench(batch_worker(R"(
    if "slow" in bodies: time.sleep(60)
    say(batch["id"], "ok"))"),
                      options);
    bench.come_up();
    auto& late = bench.give_batch({"a", "slow", "b"});
    auto& next = bench.give_batch({"c", "d"});
    REQUIRE(bench.batches_done());
    CHECK(late.verdicts() == AllVerdicts{done_well, Verdict::retry, done_well});
    CHECK(late.results[1].reason == "timed out: slow");
    CHECK(next.verdicts() == AllVerdicts(2, done_well));
}

TEST_CASE("a message that is cancelled leaves its batch, whose others go again together") {
    WorkerBench bench(batch_worker(R"(
    if "slow" in bodies: time.sleep(60)
    say(batch["id"], "ok"))"),
                      batches_of_100(2));
    bench.come_up();
    auto& batch = bench.give_batch({"a", "slow", "b"});
    auto& waits = bench.give_batch({"c", "d"});
    lines_seen(bench, 1);
    CHECK(bench.handler.cancel("nobody", Verdict::reject) == 0);
    CHECK(bench.handler.cancel("slow", Verdict::reject) == 1);
    CHECK(bench.handler.cancel("d", Verdict::retry) == 1);
    REQUIRE(bench.batches_done());
    CHECK(batch.verdicts() == AllVerdicts{done_well, Verdict::reject, done_well});
    CHECK(waits.verdicts() == AllVerdicts{done_well, Verdict::retry});
    CHECK(lines_seen(bench, 3) == "a+slow+b\na+b\nc\n");
}

TEST_CASE("an answer after that of the batch is one too many") {
    WorkerBench bench(batch_worker(R"(
    say(batch["id"], "ok")
    if "a" in bodies: say(ids["a"], "ok")
    if "a" in bodies: time.sleep(60))"),
                      batches_of_100(2));
    bench.come_up();
    auto& twice = bench.give_batch({"a", "b"});
    auto& next = bench.give_batch({"c", "d"});
    REQUIRE(bench.batches_done());
    CHECK(twice.verdicts() == AllVerdicts(2, done_well));
    CHECK(next.verdicts() == AllVerdicts(2, done_well));
}

TEST_CASE("at the end a batch that fails goes back uncounted, rather than in parts") {
    WorkerBench bench(batch_worker(R"(
    time.sleep(0.2)
    say(ids["a"], "ok")
    say(batch["id"], "retry"))"),
                      batches_of_100());
    bench.come_up();
    auto& held = bench.give_batch({"a", "b", "c"});
    auto& waits = bench.give_batch({"d"});
    lines_seen(bench, 1);
    bench.handler.begin_no_more();
    REQUIRE(bench.at_rest());
    REQUIRE(bench.batches_done());
    CHECK(held.verdicts() == AllVerdicts{done_well, Verdict::not_handled, Verdict::not_handled});
    CHECK(waits.verdicts() == AllVerdicts{Verdict::not_handled});
}

TEST_CASE("messages count until a worker is replaced, batches until its window is full") {
    auto options = batches_of_100(2);
    options.restart_after_messages = 3;
    WorkerBench bench(batch_worker(R"(
    print(os.getpid(), file=sys.stderr, flush=True)
    say(batch["id"], "ok"))"),
                      options);
    bench.come_up();
    for (const auto& bodies : {std::vector<std::string>{"a", "b"}, {"c", "d"}, {"e", "f", "g"}})
        bench.give_batch(bodies);
    REQUIRE(bench.batches_done());
    std::vector<std::string> pids;
    std::istringstream lines(lines_seen(bench, 6));
    for (std::string line; std::getline(lines, line);)
        if (line.find_first_not_of("0123456789") == line.npos) pids.push_back(line);
    REQUIRE(pids.size() == 3);
    CHECK(pids[0] == pids[1]);
    CHECK(pids[1] != pids[2]);
}
