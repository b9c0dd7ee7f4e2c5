// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "event/topic.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <random>
#include <string>
#include <vector>

#include "util/error.hpp"

using namespace airy::event;

namespace {

// The definition as a recursion, word by word.
bool reference_match(const std::vector<std::string>& pattern, std::size_t p,
                     const std::vector<std::string>& topic, std::size_t t) {
    if (p == pattern.size()) return t == topic.size();
    if (pattern[p] == "#") {
        for (std::size_t k = t; k <= topic.size(); ++k)
            if (reference_match(pattern, p + 1, topic, k)) return true;
        return false;
    }
    return t < topic.size() && (pattern[p] == "*" || pattern[p] == topic[t]) &&
           reference_match(pattern, p + 1, topic, t + 1);
}

std::string joined(const std::vector<std::string>& words) {
    std::string text;
    for (std::size_t i = 0; i < words.size(); ++i)
        text += (i == 0 ? "" : ".") + words[i];
    return text;
}

void refuses(const std::function<void()>& check, const std::string& part) {
    try {
        check();
        FAIL_CHECK("accepted");
    } catch (const airy::Error& error) {
        CHECK(error.kind() == airy::ErrorKind::usage);
        CAPTURE(error.what());
        CHECK(std::string(error.what()).find(part) != std::string::npos);
    }
}

}  // namespace

TEST_CASE("one word and many") {
    CHECK(matches("post.published", "post.published"));
    CHECK_FALSE(matches("post.published", "post.publish"));
    CHECK_FALSE(matches("post.publish", "post.published"));
    CHECK(matches("post.*", "post.published"));
    CHECK_FALSE(matches("post.*", "post"));
    CHECK_FALSE(matches("post.*", "post.published.again"));
    CHECK(matches("*.deleted", "post.deleted"));
    CHECK(matches("*.*", "a.b"));
    CHECK(matches("#", "a.b.c"));
    CHECK(matches("#", ""));
    CHECK(matches("post.#", "post"));
    CHECK(matches("post.#", "post.a.b"));
    CHECK_FALSE(matches("post.#", "posts"));
    CHECK(matches("#.deleted", "deleted"));
    CHECK(matches("#.deleted", "a.b.deleted"));
    CHECK(matches("#.b.#", "a.b.c"));
    CHECK(matches("a.#.b.*.c", "a.x.b.b.y.c"));
    CHECK(matches("#.#", "a"));
    CHECK(matches("#.*", "a"));
    CHECK_FALSE(matches("#.*", ""));
    CHECK(matches("#.a.b", "a.a.a.b"));
    CHECK_FALSE(matches("#.a.b", "a.a.b.a"));
}

TEST_CASE("empty words are words, and the empty topic has none") {
    CHECK(matches("", ""));
    CHECK_FALSE(matches("*", ""));
    CHECK_FALSE(matches("", "a"));
    CHECK(matches("*.*", "."));
    CHECK(matches("a..b", "a..b"));
    CHECK(matches("a.*.b", "a..b"));
    CHECK_FALSE(matches("a.b", "a..b"));
}

TEST_CASE("wildcards in a topic and inside words are plain text") {
    CHECK(matches("*", "#"));
    CHECK(matches("a.*b", "a.*b"));
    CHECK_FALSE(matches("a.*b", "a.xb"));
    CHECK_FALSE(matches("a", "*"));
}

TEST_CASE("matching agrees with the plain definition") {
    std::mt19937 random(6);
    const std::vector<std::string> pattern_words{"a", "b", "*", "#", "#", ""};
    const std::vector<std::string> topic_words{"a", "b", ""};
    int matched = 0;
    for (int i = 0; i < 30'000; ++i) {
        std::vector<std::string> pattern(1 + random() % 6);
        for (auto& word : pattern)
            word = pattern_words[random() % pattern_words.size()];
        std::vector<std::string> topic(1 + random() % 6);
        for (auto& word : topic)
            word = topic_words[random() % topic_words.size()];
        // A topic of one empty word looks like the empty topic, which has no words.
        if (joined(pattern).empty()) pattern.clear();
        if (joined(topic).empty()) topic.clear();
        CAPTURE(joined(pattern));
        CAPTURE(joined(topic));
        const bool expected = reference_match(pattern, 0, topic, 0);
        REQUIRE(matches(joined(pattern), joined(topic)) == expected);
        matched += expected ? 1 : 0;
    }
    CHECK(matched > 1000);
}

TEST_CASE("many wildcards take no exponential time") {
    std::string pattern;
    for (int i = 0; i < 60; ++i)
        pattern += "#.a.";
    const std::string topic(199, '.');
    CHECK_FALSE(matches(pattern + "b", topic));
}

TEST_CASE("valid and invalid topics") {
    check_topic("post.published");
    check_topic("a");
    check_topic("a..b");
    check_topic("größe.世界");
    check_topic("a*b.c#");
    check_topic(std::string(255, 'x'));
    refuses([] { check_topic(""); }, "is empty");
    refuses([] { check_topic(std::string(256, 'x')); }, "256 bytes");
    refuses([] { check_topic("post.*"); }, "'post.*' has a wildcard");
    refuses([] { check_topic("#"); }, "wildcard");
    refuses([] { check_topic("a.\xff"); }, "not UTF-8");
}

TEST_CASE("valid and invalid patterns") {
    for (const char* good : {"#", "*", "post.*", "#.deleted", "a.#.b", "a..b", "post.published"})
        check_pattern(good);
    refuses([] { check_pattern(""); }, "is empty");
    refuses([] { check_pattern("a.*b"); }, "inside the word '*b'");
    refuses([] { check_pattern("post.published#"); }, "inside the word 'published#'");
    refuses([] { check_pattern("**"); }, "inside the word '**'");
    refuses([] { check_pattern(std::string(128, '#') + std::string(128, '.')); }, "256 bytes");
    refuses([] { check_pattern("\xc3"); }, "not UTF-8");
}
