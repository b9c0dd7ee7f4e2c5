// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/embedded/location.hpp"

#include <doctest/doctest.h>

#include "mq/endpoint.hpp"
#include "util/error.hpp"

namespace airy::mq::embedded {
namespace {

using namespace std::chrono_literals;

std::string refused(const std::string& url) {
    try {
        parse_location(url);
    } catch (const Error& error) {
        CHECK(error.kind() == ErrorKind::usage);
        for (const char* part : {"sqlite:airy.db", "?sync=", "retain=", "create="})
            CHECK(error.hint().find(part) != std::string::npos);
        return error.what();
    }
    FAIL("it was taken");
    return {};
}

}  // namespace

TEST_CASE("the parts of a sqlite: URL") {
    const auto plain = parse_location("sqlite:airy.db");
    CHECK(plain.path == "airy.db");
    CHECK(plain.sync == Sync::full);
    CHECK_FALSE(plain.retain);
    CHECK(plain.create);
    const auto all = parse_location("sqlite:/var/lib/a%3Fb.db?sync=normal&retain=1h30m&create=no");
    CHECK(all.path == "/var/lib/a?b.db");
    CHECK(all.sync == Sync::normal);
    CHECK(all.retain == Retention{90min, std::nullopt});
    CHECK_FALSE(all.create);
    CHECK(parse_location("sqlite:///abs.db").path == "///abs.db");
    CHECK(parse_location("sqlite:a?retain=5MB").retain == Retention{std::nullopt, 5'000'000});
    CHECK(parse_location("sqlite:a?retain=0").retain == Retention{});
    CHECK(parse_location("sqlite:a'; DROP TABLE x; --").path == "a'; DROP TABLE x; --");
}

TEST_CASE("what is wrong with a sqlite: URL is said") {
    CHECK(refused("sqlite:").find("names no file") != std::string::npos);
    CHECK(refused("sqlite:dir/").find("directory") != std::string::npos);
    CHECK(refused("sqlite://airy.db").find("one slash or three") != std::string::npos);
    CHECK(refused("sqlite:a%zz").find("bare %") != std::string::npos);
    CHECK(refused("sqlite:a%00").find("zero byte") != std::string::npos);
    CHECK(refused("sqlite:a?sync=off").find("full or normal") != std::string::npos);
    CHECK(refused("sqlite:a?retain=lots").find("'lots'") != std::string::npos);
    CHECK(refused("sqlite:a?create=maybe").find("yes or no") != std::string::npos);
    CHECK(refused("sqlite:a?vacuum=1").find("no option 'vacuum'") != std::string::npos);
}

}  // namespace airy::mq::embedded
