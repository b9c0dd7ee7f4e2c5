// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "util/uuid.hpp"

#include <doctest/doctest.h>

#include <set>
#include <string>
#include <thread>
#include <vector>

using airy::util::is_uuid;
using airy::util::uuid_v4;

TEST_CASE("new UUIDs are of version 4, lower case and never the same") {
    std::set<std::string> seen;
    for (int i = 0; i < 1000; ++i) {
        const auto id = uuid_v4();
        REQUIRE(is_uuid(id));
        REQUIRE(id[14] == '4');
        REQUIRE(std::string("89ab").find(id[19]) != std::string::npos);
        REQUIRE(id.find_first_not_of("0123456789abcdef-") == std::string::npos);
        REQUIRE(seen.insert(id).second);
    }
}

TEST_CASE("threads do not share random bytes") {
    std::vector<std::string> mine(500);
    std::vector<std::string> theirs(500);
    std::thread other([&theirs] {
        for (auto& id : theirs)
            id = uuid_v4();
    });
    for (auto& id : mine)
        id = uuid_v4();
    other.join();
    std::set<std::string> all(mine.begin(), mine.end());
    all.insert(theirs.begin(), theirs.end());
    CHECK(all.size() == 1000);
}

TEST_CASE("texts that are UUIDs, and others") {
    CHECK(is_uuid("0a7b2d5e-5a52-4c4c-9c39-6f1d2a3b4c5d"));
    CHECK(is_uuid("0A7B2D5E-5A52-4C4C-9C39-6F1D2A3B4C5D"));
    CHECK_FALSE(is_uuid(""));
    CHECK_FALSE(is_uuid("0a7b2d5e5a524c4c9c396f1d2a3b4c5d"));
    CHECK_FALSE(is_uuid("0a7b2d5e-5a52-4c4c-9c39-6f1d2a3b4c5"));
    CHECK_FALSE(is_uuid("0a7b2d5e-5a52-4c4c-9c39-6f1d2a3b4c5dd"));
    CHECK_FALSE(is_uuid("0a7b2d5e-5a52-4c4c-9c39-6f1d2a3b4c5g"));
    CHECK_FALSE(is_uuid("0a7b2d5e05a52-4c4c-9c39-6f1d2a3b4c5d"));
    CHECK_FALSE(is_uuid("{a7b2d5e-5a52-4c4c-9c39-6f1d2a3b4c5}"));
}
