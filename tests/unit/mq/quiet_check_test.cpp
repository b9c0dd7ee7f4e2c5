// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/quiet_check.hpp"

#include <doctest/doctest.h>

using namespace airy::mq;

namespace {

struct Bench {
    std::uint64_t asked = 0;
    QuietCheck check{[this] { return ++asked; }};
};

}  // namespace

TEST_CASE("quiet after two answers in a row, with the count of the second") {
    Bench bench;
    bench.check.begin();
    CHECK(bench.check.under_way());
    bench.check.take({1, 3});
    CHECK(bench.check.under_way());
    CHECK_FALSE(bench.check.ready());
    bench.check.take({2, 0});
    CHECK_FALSE(bench.check.under_way());
    CHECK(bench.check.ready() == 0U);
    bench.check.begin();
    CHECK_FALSE(bench.check.ready());
}

TEST_CASE("a message or a loss ends the check; answers to former questions change nothing") {
    Bench bench;
    bench.check.begin();
    bench.check.take({1, 0});
    bench.check.disturb();
    CHECK_FALSE(bench.check.under_way());
    bench.check.take({2, 0});
    CHECK_FALSE(bench.check.ready());
    bench.check.begin();
    bench.check.take({2, 0});
    bench.check.take({3, 1});
    CHECK_FALSE(bench.check.ready());
    bench.check.take({4, 1});
    CHECK(bench.check.ready() == 1U);
}
