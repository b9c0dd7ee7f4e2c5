// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "input/json_lines.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace airy;
using namespace airy::tools::input;

namespace {

std::string advice_for(std::string_view record) {
    return explained(Error(ErrorKind::invalid_event, "bad", "other"), record).hint();
}

std::string form_of(std::string_view record) {
    try {
        refuse_other_forms(record);
    } catch (const Error& error) {
        CHECK(error.kind() == ErrorKind::invalid_event);
        return error.what();
    }
    return {};
}

}  // namespace

TEST_CASE("a byte order mark and blank lines are no events") {
    CHECK(without_mark("\xEF\xBB\xBF{}") == "{}");
    CHECK(without_mark("{}") == "{}");
    CHECK(without_mark("\xEF\xBB") == "\xEF\xBB");
    for (const auto* blank : {"", " ", "\t \r", "\xEF\xBB\xBF", "\xEF\xBB\xBF\r", "\n\n"})
        CHECK(is_blank(blank));
    CHECK_FALSE(is_blank("x"));
    CHECK_FALSE(is_blank("\xEF\xBB\xBF\xEF\xBB\xBF"));
}

TEST_CASE("a part of a value, and several in one line, have a hint") {
    for (const auto* part : {"{", "[", "{ \"a\": {", "\xEF\xBB\xBF{\r", "  {\"a\":1,",
                             "{\"a\":1}{\"b\":2}", "{\"a\":1} {\"b\":2}", "{\"a\":\"x"})
        CHECK(advice_for(part) == "one event a line: jq -c . writes JSON that way");
    CHECK(advice_for("[{\"a\":1},{\"b\":2}]") ==
          "one event a line: jq -c '.[]' takes an array apart");
    for (const auto* whole : {"{}", "oops", "{\"a\":1}x", "{a:1}", "\"a\": 1,", "}", "", "1"})
        CHECK(advice_for(whole) == "other");
}

TEST_CASE("compressed input and UTF-16 are told from lines of JSON") {
    CHECK(form_of("\x1F\x8B\x08") == "the input is compressed by gzip, not lines of JSON");
    CHECK(form_of("\x28\xB5\x2F\xFD") == "the input is compressed by zstd, not lines of JSON");
    CHECK(form_of(std::string_view("\xFF\xFE{\0", 4)) ==
          "the input is in UTF-16, not lines of JSON");
    CHECK(form_of("{\"a\":1}").empty());
    CHECK(form_of("").empty());
    CHECK(form_of("\xEF\xBB\xBF{}").empty());
}
