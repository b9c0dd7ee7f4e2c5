// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "exit_codes.hpp"

#include <doctest/doctest.h>

#include <map>
#include <set>
#include <string>

using namespace airy;

TEST_CASE("each kind of error has the exit code that scripts depend on") {
    const std::map<ErrorKind, int> codes{
        {ErrorKind::general, 1},     {ErrorKind::usage, 2},         {ErrorKind::unreachable, 3},
        {ErrorKind::undelivered, 4}, {ErrorKind::timeout, 5},       {ErrorKind::handler, 6},
        {ErrorKind::not_found, 7},   {ErrorKind::invalid_event, 8},
    };
    for (const auto& [kind, code] : codes)
        CHECK(tools::exit_code_of(kind) == code);

    // Every reason has one of these kinds, and each kind has a reason.
    std::set<ErrorKind> kinds;
    for (const auto reason : all_reasons()) {
        CAPTURE(std::string(word_of(reason)));
        const auto kind = kind_of(reason);
        REQUIRE(codes.contains(kind));
        kinds.insert(kind);
    }
    CHECK(kinds.size() == codes.size());
}
