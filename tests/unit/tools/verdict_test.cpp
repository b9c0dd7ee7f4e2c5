// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "check/verdict.hpp"

#include <doctest/doctest.h>

namespace airy::tools::check {
namespace {

TEST_CASE("figures within their bounds are OK, and all are performance data") {
    Verdict verdict("queue work");
    verdict.add({"ready", 3, "", {50, 100}, {}});
    verdict.add({"consumers", 2, "", {}, {{}, 1}});
    verdict.add({"age", std::nullopt, "s", {}, {}});
    verdict.remark("classic");
    CHECK(verdict.exit_code() == 0);
    CHECK(verdict.text() ==
          "QUEUE OK - work: ready 3, consumers 2, classic | ready=3;50;100;0 consumers=2;;1:;0\n");
}

TEST_CASE("a value on a bound is still good, a value beyond is not") {
    const auto state = [](Figure figure) {
        Verdict verdict("queue work");
        verdict.add(std::move(figure));
        return verdict.state();
    };
    CHECK(state({"ready", 50, "", {50, 100}, {}}) == State::ok);
    CHECK(state({"ready", 51, "", {50, 100}, {}}) == State::warning);
    CHECK(state({"ready", 100, "", {50, 100}, {}}) == State::warning);
    CHECK(state({"ready", 101, "", {50, 100}, {}}) == State::critical);
    CHECK(state({"consumers", 1, "", {}, {2, 1}}) == State::warning);
    CHECK(state({"consumers", 0, "", {}, {2, 1}}) == State::critical);
    CHECK(state({"age", std::nullopt, "s", {{}, 5}, {}}) == State::unknown);
}

TEST_CASE("the worst state wins: critical before unknown before warning") {
    Verdict verdict("pool p");
    verdict.raise(State::warning, "slow");
    CHECK(verdict.exit_code() == 1);
    verdict.raise(State::unknown, "dark");
    CHECK(verdict.exit_code() == 3);
    verdict.raise(State::critical, "dead");
    verdict.raise(State::warning, "late");
    CHECK(verdict.exit_code() == 2);
    CHECK(verdict.text() == "POOL CRITICAL - p: slow, dark, dead, late\n");
}

TEST_CASE("a reason cannot begin performance data, or move the cursor") {
    Verdict verdict("queue a|b\x1b[2J");
    verdict.raise(State::critical, "it says\n| ready=0");
    const auto text = verdict.text();
    CHECK(text.find('|') == std::string::npos);
    CHECK(text.find('\x1b') == std::string::npos);
    CHECK(text.find('\n') == text.size() - 1);
}

TEST_CASE("JSON holds the same as the line") {
    Verdict verdict("flow");
    verdict.add({"latency", 0.25, "s", {{}, 0.1}, {}});
    CHECK(
        verdict.json() ==
        R"({"check":"flow","state":"critical","exit":2,"reasons":["latency 0.25 s is above 0.1"],)"
        R"("remarks":[],"figures":{"latency":{"value":0.25,"unit":"s","warn_above":null,)"
        R"("max":0.1,"warn_below":null,"min":null}}})"
        "\n");
}

}  // namespace
}  // namespace airy::tools::check
