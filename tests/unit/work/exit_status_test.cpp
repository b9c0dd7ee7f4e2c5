// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "work/exit_status.hpp"

#include <doctest/doctest.h>
#include <signal.h>

using namespace airy;
using namespace airy::work;
using Kind = ChildResult::Kind;

TEST_CASE("the exit status decides the verdict") {
    struct Row {
        int status;
        Verdict verdict;
    };
    const Row rows[] = {
        {0, Verdict::success}, {1, Verdict::retry},   {2, Verdict::retry},   {3, Verdict::reject},
        {4, Verdict::requeue}, {5, Verdict::reject},  {6, Verdict::requeue}, {7, Verdict::retry},
        {64, Verdict::retry},  {65, Verdict::reject}, {66, Verdict::retry},  {75, Verdict::retry},
        {126, Verdict::retry}, {127, Verdict::retry}, {137, Verdict::retry}, {255, Verdict::retry},
    };
    for (const auto& row : rows) {
        CAPTURE(row.status);
        CHECK(judge({Kind::exited, row.status, "x"}).verdict == row.verdict);
    }
}

TEST_CASE("the reason says what happened, with the last line of stderr") {
    CHECK(judge({Kind::exited, 0, "chatter"}).reason.empty());
    CHECK(judge({Kind::exited, 75, "db is down"}).reason == "exit status 75: db is down");
    CHECK(judge({Kind::exited, 1, ""}).reason == "exit status 1");
    CHECK(judge({Kind::signalled, SIGKILL, ""}).reason == "killed by SIGKILL");
    CHECK(judge({Kind::signalled, SIGKILL, ""}).verdict == Verdict::retry);
    CHECK(judge({Kind::timed_out, 0, "slow"}).reason == "timed out: slow");
    CHECK(judge({Kind::timed_out, 0, ""}).verdict == Verdict::retry);
    CHECK(judge({Kind::stopped, 0, ""}).verdict == Verdict::not_handled);
    CHECK(judge({Kind::cannot_start, ENOENT, ""}).verdict == Verdict::cannot_run);
    CHECK(judge({Kind::cannot_start, ENOENT, ""}).reason == "No such file or directory");
}

TEST_CASE("a signal that asks to end is told from a failure, also behind a shell") {
    for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGQUIT}) {
        CAPTURE(signal);
        CHECK(judge({Kind::signalled, signal, ""}).interrupted);
        CHECK(judge({Kind::exited, 128 + signal, ""}).interrupted);
        CHECK(judge({Kind::signalled, signal, ""}).verdict == Verdict::retry);
    }
    CHECK_FALSE(judge({Kind::signalled, SIGKILL, ""}).interrupted);
    CHECK_FALSE(judge({Kind::signalled, SIGSEGV, ""}).interrupted);
    CHECK_FALSE(judge({Kind::exited, 137, ""}).interrupted);
    CHECK_FALSE(judge({Kind::exited, SIGTERM, ""}).interrupted);
    CHECK_FALSE(judge({Kind::timed_out, 0, ""}).interrupted);
    CHECK_FALSE(judge({Kind::exited, 0, ""}).interrupted);
}

TEST_CASE(
    "a result carries what a dead letter tells: the last line, and the exit as shells have it") {
    CHECK(judge({Kind::exited, 65, "bad"}).detail.code == 65);
    CHECK(judge({Kind::exited, 65, "bad"}).detail.line == "bad");
    CHECK(judge({Kind::signalled, SIGKILL, "x"}).detail.code == 137);
    CHECK(judge({Kind::timed_out, 0, "x"}).detail.code == 124);
    CHECK_FALSE(judge({Kind::stopped, 0, ""}).detail.code.has_value());
}
