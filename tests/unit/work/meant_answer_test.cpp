// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "work/meant_answer.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using airy::work::meant_answer;
using Ids = std::vector<std::uint64_t>;

TEST_CASE("an object with an id is meant as an answer, however faulty it is") {
    for (const char* line : {
             R"({"id":3,"result":"ok"})",
             R"({"id":3,"result":"failed"})",
             R"({"id":3,"result":"retry","delay":5})",
             R"( {"result" : "reject" , "id" : "3" } )",
             "{\"id\":3,\"result\":\"ok\"}\r",
             "\xEF\xBB\xBF{\"id\":3,\"result\":\"ok\"}",
             R"({"id":3})",
             R"({'id': 3, 'result': 'retry'})",
             R"({id:3,result:"retry"})",
             R"({"id":3,"result":"retry","reason":"cut he)",
             R"({"reason":"a \" quote, {\"id\":9}","id":3,"result":"retry")",
             R"([{"id":3,"result":"reject"}])",
             R"([[{"id":3,"result":"reject"}]])",
             R"({"id":3,"topic":"post.published","result":"retry","delay":5})",
             R"({"id":3,"result":"ok"}})",
         }) {
        CAPTURE(line);
        const auto meant = meant_answer(line);
        REQUIRE(meant);
        CHECK(meant->ids == Ids{3});
        CHECK_FALSE(meant->unknown);
    }
}

TEST_CASE("several answers in a line are meant for several messages") {
    for (const char* line : {
             R"([{"id":1,"result":"ok"},{"id":2,"result":"reject"},{"x":{"id":9}}])",
             R"({"id":1,"result":"ok"}{"id":2,"result":"ok"})",
             R"({"id":1,"id":2,"result":"ok"})",
         }) {
        CAPTURE(line);
        REQUIRE(meant_answer(line));
        CHECK(meant_answer(line)->ids == Ids{1, 2});
    }
}

TEST_CASE("an answer may not tell its message") {
    for (const char* line : {
             R"({"id":"x","result":"ok"})",
             R"({"id":-1,"result":"ok"})",
             R"({"id":null,"result":"ok"})",
             R"({"id":[1],"result":"ok"})",
             R"({"id":99999999999999999999,"result":"ok"})",
             R"({"result":"retry","id":)",
             // Of an answer over several lines.
             R"(  "result": "retry",)",
             R"(  "result": "reject")",
         }) {
        CAPTURE(line);
        const auto meant = meant_answer(line);
        REQUIRE(meant);
        CHECK(meant->unknown);
    }
}

TEST_CASE("other output is no answer") {
    for (const char* line : {
             "",
             " ",
             "working",
             "3 messages",
             "{",
             "}",
             "[",
             "{}",
             R"({"level":"info","user":{"id":5,"result":"ok"}})",
             R"({"level":"info","users":[{"id":5,"result":"ok"}]})",
             R"({"text":"{\"id\":1,\"result\":\"retry\"}"})",
             R"(done: {"id":1,"result":"ok"})",
             R"({"ready":true})",
             R"(["id",1])",
             R"({"ids":1})",
             // A message line that is passed on.
             R"({"id":1,"topic":"post.published","body":{"id":4,"result":"ok"}})",
             R"([{"id":1,"topic":"post.published"},{"id":2,"topic":"post.published"}])",
             R"(  "result": "fine",)",
             R"("result" retry)",
         }) {
        CAPTURE(line);
        CHECK_FALSE(meant_answer(line));
    }
    CHECK_FALSE(meant_answer(std::string(65536, '[')));
    CHECK_FALSE(meant_answer(std::string(65536, '"')));
}
