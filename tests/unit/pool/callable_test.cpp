// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "pool/callable.hpp"

#include <doctest/doctest.h>

#include <array>
#include <memory>

using airy::pool::Callable;

TEST_CASE("a callable holds functions that cannot be copied, small or large") {
    auto value = std::make_unique<int>(40);
    Callable<int(int)> small([value = std::move(value)](int more) { return *value + more; });
    CHECK(small(2) == 42);
    std::array<int, 100> numbers{};
    numbers[99] = 7;
    Callable<int(int)> large([numbers](int at) { return numbers[static_cast<std::size_t>(at)]; });
    Callable<int(int)> moved(std::move(large));
    CHECK(moved(99) == 7);
    CHECK_FALSE(large);
}

TEST_CASE("a callable destroys its function exactly once") {
    auto held = std::make_shared<int>(1);
    {
        Callable<void()> first([held] {});
        Callable<void()> second(std::move(first));
        first = std::move(second);
        CHECK(held.use_count() == 2);
        first.reset();
        CHECK(held.use_count() == 1);
        first = [held] {};
        CHECK(held.use_count() == 2);
    }
    CHECK(held.use_count() == 1);
}

TEST_CASE("an empty callable is false") {
    Callable<void()> empty;
    CHECK_FALSE(empty);
    CHECK_FALSE(Callable<void()>(nullptr));
    CHECK(Callable<void()>([] {}));
}
