// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "arguments.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace airy;

namespace {

// The arguments as others see them then, with a `|` after each.
std::string seen_by_others(std::vector<std::string> arguments) {
    std::vector<char*> places;
    for (auto& argument : arguments)
        places.push_back(argument.data());
    tools::hide_secrets(places);
    std::string all;
    for (const auto& argument : arguments)
        all += std::string(argument.c_str()) + '|';
    return all;
}

}  // namespace

TEST_CASE("secrets in the arguments are overwritten") {
    CHECK(seen_by_others({}) == "");
    CHECK(seen_by_others({"consume", "#", "--queue", "q"}) == "consume|#|--queue|q|");
    CHECK(seen_by_others({"ping", "--url", "amqp://ann:secret@host/vhost"}) ==
          "ping|--url|amqp://ann:***@host/vhost|");
    CHECK(seen_by_others({"--url=amqp://ann:secret@host/?heartbeat=10"}) ==
          "--url=amqp://ann:***@host/?heartbeat=***|");
    CHECK(seen_by_others({"--http-header", "Authorization: Bearer x", "--http-header=X:secret"}) ==
          "--http-header|Authorization: ***|--http-header=X:***|");
    CHECK(seen_by_others({"--http-header", "Authorization: @token", "--http-header", "secret"}) ==
          "--http-header|Authorization: @token|--http-header|***|");
    CHECK(seen_by_others({"--http", "https://token@host/"}) == "--http|https://***@host/|");
    CHECK(seen_by_others({"--http-header"}) == "--http-header|");
}

TEST_CASE("the place of a short secret holds no more than it did") {
    CHECK(seen_by_others({"--url", "amqp://a:b@h"}) == "--url|amqp://a:***|");
    CHECK(seen_by_others({"--http-header", "X:s"}) == "--http-header|X:*|");
}

TEST_CASE("other text stays, and so does another command behind --") {
    CHECK(seen_by_others({"publish", "t", R"({"url":"http://a:b@c"})"}) ==
          R"(publish|t|{"url":"http://a:b@c"}|)");
    CHECK(seen_by_others({"--url", "sqlite:airy.db"}) == "--url|sqlite:airy.db|");
    CHECK(seen_by_others({"--", "curl", "http://ann:secret@host/"}) ==
          "--|curl|http://ann:secret@host/|");
}
