// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "util/error.hpp"

#include <doctest/doctest.h>

#include <set>
#include <string>

using namespace airy;

TEST_CASE("every reason has a word of its own, which leads back to it") {
    std::set<std::string_view> words;
    for (const auto reason : all_reasons()) {
        const auto word = word_of(reason);
        CAPTURE(std::string(word));
        CHECK_FALSE(word.empty());
        CHECK(words.insert(word).second);
        CHECK(reason_of(word) == reason);
    }
    CHECK(all_reasons().back() == Reason::no_samples);
    CHECK_FALSE(reason_of("no_such_reason"));
    CHECK_FALSE(reason_of(""));
}

TEST_CASE("an error of a kind alone has the first reason of the kind") {
    CHECK(Error(ErrorKind::general, "x").reason() == Reason::general);
    CHECK(Error(ErrorKind::usage, "x").reason() == Reason::usage);
    CHECK(Error(ErrorKind::unreachable, "x").reason() == Reason::unreachable);
    CHECK(Error(ErrorKind::undelivered, "x").reason() == Reason::undelivered);
    CHECK(Error(ErrorKind::timeout, "x").reason() == Reason::timeout);
    CHECK(Error(ErrorKind::handler, "x").reason() == Reason::handler);
    CHECK(Error(ErrorKind::not_found, "x").reason() == Reason::not_found);
    CHECK(Error(ErrorKind::invalid_event, "x").reason() == Reason::invalid_event);
    CHECK(Error(Reason::disk_full, "x").kind() == ErrorKind::undelivered);
}

TEST_CASE("an error with another message keeps all else") {
    const auto error =
        Error(Reason::field_missing, "one", "a hint").about("post.published").as_permanent();
    const auto other = error.reworded("two");
    CHECK(std::string(other.what()) == "two");
    CHECK(other.reason() == Reason::field_missing);
    CHECK(other.hint() == "a hint");
    CHECK(other.subject() == "post.published");
    CHECK(other.permanent());
    CHECK(std::string(error.what()) == "one");
}

TEST_CASE("an error for another reason, or with another hint, keeps all else") {
    const auto error = Error(Reason::differs, "text", "hint").about("it").as_permanent();
    const auto because = error.because(Reason::exchange_differs);
    CHECK(because.reason() == Reason::exchange_differs);
    CHECK(because.hint() == "hint");
    CHECK(because.subject() == "it");
    CHECK(because.permanent());
    const auto hinted = error.hinted("other");
    CHECK(hinted.reason() == Reason::differs);
    CHECK(hinted.hint() == "other");
    CHECK(std::string(hinted.what()) == "text");
}
