// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "work/http_verdict.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace airy;
using namespace std::chrono_literals;
using work::Verdict;

namespace {

constexpr util::SystemTime answered_at = util::SystemTime(784111777s);

net::HttpResponse answer_of(unsigned status, std::string body = "",
                            std::vector<net::HttpHeader> headers = {}) {
    net::HttpResponse answer;
    answer.status = status;
    answer.body = std::move(body);
    answer.headers = std::move(headers);
    return answer;
}

work::HandlerResult judged(const net::HttpResponse& answer, const util::SecretMask& mask = {}) {
    return work::judge(answer, mask, answered_at);
}

std::optional<std::chrono::milliseconds> delay_of(unsigned status,
                                                  std::vector<net::HttpHeader> headers) {
    return judged(answer_of(status, "", std::move(headers))).retry_after;
}

}  // namespace

TEST_CASE("the status of an answer is the verdict") {
    for (const unsigned status : {200, 201, 202, 204, 206, 299})
        CHECK(judged(answer_of(status)).verdict == Verdict::success);
    for (const unsigned status : {300, 304, 307, 399, 408, 425, 429, 500, 502, 503, 504, 599, 999})
        CHECK(judged(answer_of(status)).verdict == Verdict::retry);
    for (const unsigned status : {400, 401, 403, 404, 405, 409, 410, 413, 422, 431, 499})
        CHECK(judged(answer_of(status)).verdict == Verdict::reject);
}

TEST_CASE("an answer speaks of what was sent, or of the service") {
    for (const unsigned status : {400, 401, 404, 409, 413, 422, 431, 499, 500, 501, 505, 507})
        CHECK(work::may_blame_a_part(judged(answer_of(status))));
    for (const unsigned status : {302, 307, 399, 408, 425, 429, 502, 503, 504})
        CHECK_FALSE(work::may_blame_a_part(judged(answer_of(status))));
    for (const auto reason : {Reason::answer_late, Reason::connection_lost})
        CHECK_FALSE(work::may_blame_a_part(work::judge_unanswered(Error(reason, "x"))));
}

TEST_CASE("a failure tells the status and the beginning of the answer") {
    auto result = judged(answer_of(422));
    CHECK(result.reason == "HTTP 422");
    CHECK(result.detail.line == "HTTP 422");
    CHECK(result.detail.code == 422);
    result = judged(answer_of(400, " no\nsuch\tpost \r\n"));
    CHECK(result.reason == "HTTP 400: no\\nsuch\\tpost");
    CHECK(result.detail.line == "HTTP 400: no\nsuch\tpost");
    result = judged(answer_of(500, std::string(3000, 'x')));
    CHECK(result.detail.line == "HTTP 500: " + std::string(1024, 'x'));
    CHECK(result.reason.size() < 400);
    CHECK(judged(answer_of(200, "fine")).reason.empty());
}

TEST_CASE("an answer that repeats a secret does not tell it") {
    const util::SecretMask mask({"topsecret"});
    auto answer = answer_of(401, "wrong token: topsecret");
    CHECK(judged(answer, mask).reason == "HTTP 401: wrong token: ***");
    CHECK(judged(answer, mask).detail.line == "HTTP 401: wrong token: ***");
    answer = answer_of(401, std::string(1020, 'x') + "topsec");
    answer.cut = true;
    CHECK(judged(answer, mask).detail.line.find("top") == std::string::npos);
}

TEST_CASE("Retry-After is the delay of a retry") {
    CHECK_FALSE(delay_of(503, {}));
    CHECK(delay_of(429, {{"retry-after", "7"}}) == 7s);
    CHECK(delay_of(503, {{"Retry-After", "Sun, 06 Nov 1994 08:50:07 GMT"}}) == 30s);
    CHECK(delay_of(500, {{"Retry-After", "999999999999"}}) == 24h);
    CHECK_FALSE(delay_of(503, {{"Retry-After", "soon"}}));
    CHECK_FALSE(delay_of(404, {{"Retry-After", "7"}}));
    // A server whose clock is wrong means its own time.
    CHECK(delay_of(503, {{"Retry-After", "Mon, 01 Jan 2024 00:00:05 GMT"},
                         {"Date", "Mon, 01 Jan 2024 00:00:00 GMT"}}) == 5s);
}

TEST_CASE("without a connection nothing is said about the message") {
    for (const auto reason : {Reason::answer_late, Reason::connection_lost, Reason::usage})
        CHECK(work::judge_unanswered(Error(reason, "x")).verdict == Verdict::retry);
    for (const auto reason : {Reason::unreachable, Reason::nobody_listens, Reason::host_not_found})
        CHECK(work::judge_unanswered(Error(reason, "x")).verdict == Verdict::unavailable);
}
