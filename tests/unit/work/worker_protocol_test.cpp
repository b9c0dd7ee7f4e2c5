// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "work/worker_protocol.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <vector>

#include "event/message_line.hpp"
#include "util/json_text.hpp"
#include "work/answer_lines.hpp"
#include "work/comebacks.hpp"
#include "work/held_jobs.hpp"
#include "work/worker_line.hpp"

using namespace airy;
using namespace airy::work;
using namespace std::chrono_literals;

namespace {

WorkerAnswer answer(std::string_view line) {
    const auto read = read_answer(line);
    REQUIRE_MESSAGE(std::holds_alternative<WorkerAnswer>(read), line);
    return std::get<WorkerAnswer>(read);
}

std::string fault(std::string_view line) {
    const auto read = read_answer(line);
    REQUIRE_MESSAGE(std::holds_alternative<NoAnswer>(read), line);
    return std::get<NoAnswer>(read).why;
}

}  // namespace

TEST_CASE("a request is a message line with an id, which publish reads") {
    mq::Delivered delivered;
    delivered.queue = "work";
    delivered.redelivered = true;
    delivered.message.topic = "post.published";
    delivered.message.body = R"({"post_id":9007199254740993})";
    delivered.message.properties.message_id = "m-1";
    std::string lines = "before\n";
    append_request(lines, 18'446'744'073'709'551'615U, delivered);
    REQUIRE(
        lines.starts_with("before\n{\"id\":18446744073709551615,\"topic\":\"post.published\","));
    REQUIRE(lines.ends_with("\"body\":{\"post_id\":9007199254740993}}\n"));
    const auto line = std::string_view(lines).substr(7, lines.size() - 8);
    CHECK(line.find('\n') == line.npos);
    const auto message = event::parse_message_line(line);
    CHECK(message.body == delivered.message.body);
    CHECK(message.properties.message_id == "m-1");
}

TEST_CASE("a body that is not JSON stays in its line") {
    mq::Delivered delivered;
    delivered.message.topic = "raw";
    delivered.message.body = "two\nlines";
    std::string lines;
    append_request(lines, 7, delivered);
    CHECK(lines.find("\"body_text\":\"two\\nlines\"}\n") != lines.npos);
    CHECK(lines.find('\n') == lines.size() - 1);
    delivered.message.body = std::string("\xff\0", 2);
    lines.clear();
    append_request(lines, 8, delivered);
    CHECK(lines.find("\"body_base64\":\"/wA=\"}\n") != lines.npos);
}

TEST_CASE("each result is a verdict") {
    CHECK(answer(R"({"id":1,"result":"ok"})").result.verdict == Verdict::success);
    CHECK(answer(R"({"id":1,"result":"retry"})").result.verdict == Verdict::retry);
    CHECK(answer(R"({"id":1,"result":"reject"})").result.verdict == Verdict::reject);
    CHECK(answer(R"({"id":1,"result":"requeue"})").result.verdict == Verdict::requeue);
    CHECK(answer(R"( { "result" : "ok" , "id" : 18446744073709551615 } )").id ==
          18'446'744'073'709'551'615U);
}

TEST_CASE("an answer tells its reason, delay and reply") {
    const auto retry =
        answer(R"({"id":"12","result":"retry","reason":"away\nnow","delay":"1m30s","x":[1]})");
    CHECK(retry.id == 12);
    CHECK(retry.result.reason == "away now");
    CHECK(retry.result.detail.line == "away now");
    CHECK(retry.result.retry_after == 90s);
    CHECK_FALSE(retry.result.reply);
    const auto text = answer(R"({"id":1,"result":"ok","reply":"a\"b\n"})");
    CHECK(text.result.reply.value().body == "a\"b\n");
    CHECK(text.result.reason.empty());
    CHECK(answer(R"({"id":1,"result":"ok","reply":{"n": 1e400}})").result.reply.value().body ==
          R"({"n": 1e400})");
    const auto absent = answer(R"({"id":1,"result":"reject","reason":null,"reply":null})");
    CHECK(absent.result.reason == "the worker answered reject");
    CHECK_FALSE(absent.result.reply);
    CHECK_FALSE(answer(R"({"id":1,"result":"retry","delay":null})").result.retry_after);
    CHECK(answer(R"({"id":1,"result":"retry","delay":"1ns"})").result.retry_after == 1ms);
}

TEST_CASE("a first line may say that the worker is ready") {
    CHECK(std::holds_alternative<WorkerReady>(read_answer(R"({"ready":true})")));
    CHECK(std::holds_alternative<WorkerReady>(read_answer(R"({"ready": true, "model":"a"})")));
    CHECK(fault(R"({"ready":false})") == R"(no answer (id is missing): {"ready":false})");
}

TEST_CASE("any other line is no answer, and its reason shows the line") {
    CHECK(fault("starting up\x1b[0m") == R"(no answer (no JSON object): starting up\x1b[0m)");
    CHECK(fault("") == "no answer (no JSON object): ");
    CHECK(fault("[1]").starts_with("no answer (no JSON object)"));
    CHECK(fault(R"({"id":1,"result":"ok"} trailing)").starts_with("no answer (no JSON object)"));
    CHECK(fault(R"({"result":"ok"})").starts_with("no answer (id is missing)"));
    for (const auto* id : {"-1", "1.0", "\"\"", "\"1x\"", "true", "18446744073709551616", "[1]"})
        CHECK(fault("{\"id\":" + std::string(id) + ",\"result\":\"ok\"}")
                  .starts_with("no answer (id must be that of a message)"));
    for (const auto* rest : {"", ",\"result\":null", ",\"result\":\"OK\"", ",\"result\":true"})
        CHECK(fault("{\"id\":1" + std::string(rest) + "}")
                  .starts_with("no answer (result must be ok, retry, reject or requeue)"));
    CHECK(fault(R"({"id":1,"id":1,"result":"ok"})").starts_with("no answer (id is there twice)"));
    CHECK(fault(R"({"id":1,"result":"reject","reason":5})")
              .starts_with("no answer (reason must be a string)"));
    for (const auto* delay : {"30", "\"30\"", "\"8d\"", "\"soon\"", "{}"})
        CHECK(fault(R"({"id":1,"result":"retry","delay":)" + std::string(delay) + "}")
                  .starts_with("no answer (delay must be a duration such as 30s"));
    CHECK(fault(std::string(5000, 'x')).size() < 200);
}

TEST_CASE("bytes become lines, however they are cut") {
    std::vector<std::string> lines;
    const auto take = [&](std::string_view line) {
        lines.emplace_back(line);
        return true;
    };
    AnswerLines cut(8);
    for (const auto* chunk : {"ab", "c\n", "\nd\ne", "f", "\n12345678\n", "gh"})
        CHECK(cut.feed(chunk, take));
    CHECK(lines == std::vector<std::string>{"abc", "", "d", "ef", "12345678"});
    CHECK(cut.rest() == "gh");
    CHECK(cut.rest().empty());
}

TEST_CASE("a line over the limit is found before its end, and takes no more room than the limit") {
    AnswerLines cut(8);
    const auto none = [](std::string_view) { return false; };
    CHECK(cut.feed("12345678", none));
    CHECK_FALSE(cut.feed("9", none));
    AnswerLines whole(8);
    CHECK_FALSE(whole.feed("123456789\n", none));
}

namespace {

struct HeldBench {
    mq::Delivered delivered{};
    HandlerResult result{};
    WorkerCall call{};
    std::vector<WorkerJob> jobs = std::vector<WorkerJob>(6, WorkerJob{delivered, result, call});
    HeldJobs held;
    util::SteadyTime begun{};

    WorkerLine line(std::size_t first, std::size_t count = 1) { return {&jobs[first], count}; }
    // The first message that an answer to the id is about; null: none.
    const WorkerJob* answered(std::uint64_t id, std::chrono::seconds after = 0s) {
        const auto found = held.answer(id, begun + after);
        return found.jobs.empty() ? nullptr : found.jobs.data();
    }

  protected:
    explicit HeldBench(bool batches) : held(batches) {}
};

// Four messages with the ids 10 to 13.
struct MessagesBench : HeldBench {
    MessagesBench() : HeldBench(false) {
        for (std::size_t i = 0; i < 4; ++i)
            held.add(10 + i, line(i), 100 * i, begun);
    }
};

// A batch of three with the id 10, and one each of two and of one: 14 and 17.
struct BatchesBench : HeldBench {
    BatchesBench() : HeldBench(true) {
        held.add(10, line(0, 3), 0, begun);
        held.add(14, line(3, 2), 100, begun);
        held.add(17, line(5), 200, begun);
    }
};

std::vector<const WorkerJob*> firsts(const std::vector<WorkerLine>& lines) {
    std::vector<const WorkerJob*> all;
    for (const auto line : lines)
        all.push_back(line.data());
    return all;
}

}  // namespace

TEST_CASE("the oldest message's turn begins when those before it are answered") {
    MessagesBench bench;
    CHECK(bench.held.oldest().data() == &bench.jobs[0]);
    CHECK(bench.answered(12, 1s) == &bench.jobs[2]);
    CHECK(bench.held.turn_since() == bench.begun);
    CHECK(bench.answered(10, 2s) == &bench.jobs[0]);
    CHECK(bench.held.turn_since() == bench.begun + 2s);
    CHECK(bench.held.oldest().data() == &bench.jobs[1]);
    CHECK(bench.answered(10, 3s) == nullptr);
    CHECK_FALSE(bench.held.was_answered_in_parts(10));
    CHECK(bench.held.had(10));
    CHECK_FALSE(bench.held.had(9));
    CHECK_FALSE(bench.held.had(14));
}

TEST_CASE("ids between those of a process are other workers'") {
    MessagesBench bench;
    bench.held.add(20, bench.line(4), 400, bench.begun);
    CHECK(bench.held.had(13));
    for (const std::uint64_t id : {14, 19, 21})
        CHECK_FALSE(bench.held.had(id));
    CHECK(bench.held.had(20));
    CHECK(bench.held.place_of(20) == 400);
    CHECK(bench.answered(20) == &bench.jobs[4]);
    CHECK(bench.held.had(20));
    CHECK_FALSE(bench.held.place_of(20));
    CHECK_FALSE(bench.held.place_of(14));
    // Of ids from long ago nobody knows any more which other workers got.
    for (std::uint64_t id = 30; id < 4000; id += 2) {
        bench.held.add(id, bench.line(5), 500, bench.begun);
        bench.answered(id);
    }
    CHECK(bench.held.had(19));
    CHECK(bench.held.had(3998));
    CHECK_FALSE(bench.held.had(3997));
    CHECK_FALSE(bench.held.had(9));
}

TEST_CASE("a process has seen the messages whose lines it had begun to read") {
    MessagesBench bench;
    bench.answered(10);
    const auto parts = bench.held.part(201);
    CHECK(firsts(parts.seen) == std::vector<const WorkerJob*>{&bench.jobs[1], &bench.jobs[2]});
    CHECK(firsts(parts.unseen) == std::vector<const WorkerJob*>{&bench.jobs[3]});
    CHECK(bench.held.empty());
    CHECK_FALSE(bench.held.had(10));
}

TEST_CASE("a batch is done when each of its messages is, or with an answer to its own id") {
    BatchesBench bench;
    CHECK(bench.held.ids_of(bench.line(0, 3)) == 4);
    CHECK(bench.held.size() == 3);
    CHECK(bench.answered(12) == &bench.jobs[1]);
    CHECK(bench.answered(12) == nullptr);
    CHECK(bench.held.had(12));
    CHECK(bench.held.place_of(13) == 0);
    CHECK(bench.held.place_of(14) == 100);
    CHECK(bench.held.place_of(16) == 100);
    CHECK_FALSE(bench.held.place_of(19));
    CHECK(bench.answered(11) == &bench.jobs[0]);
    CHECK(bench.held.turn_since() == bench.begun);
    CHECK(open_in(bench.held.oldest()) == 1);
    CHECK(bench.answered(13, 1s) == &bench.jobs[2]);
    CHECK(bench.held.turn_since() == bench.begun + 1s);
    CHECK(bench.held.size() == 2);

    CHECK(bench.answered(15) == &bench.jobs[3]);
    const auto whole = bench.held.answer(14, bench.begun);
    CHECK(whole.whole_batch);
    CHECK(whole.jobs.size() == 2);
    CHECK(open_in(whole.jobs) == 1);
    CHECK(bench.answered(16) == nullptr);
    CHECK_FALSE(bench.held.answer(18, bench.begun).whole_batch);
    CHECK(bench.held.empty());
    CHECK(bench.held.had(18));
    CHECK_FALSE(bench.held.had(19));
}

TEST_CASE("an answer to a batch of which each message was answered is expected once") {
    BatchesBench bench;
    for (const std::uint64_t id : {11, 12, 13})
        CHECK(bench.answered(id) != nullptr);
    bench.held.answer(14, bench.begun);
    CHECK(bench.answered(10) == nullptr);
    CHECK(bench.held.was_answered_in_parts(10));
    CHECK_FALSE(bench.held.was_answered_in_parts(10));
    CHECK_FALSE(bench.held.was_answered_in_parts(14));
    CHECK_FALSE(bench.held.was_answered_in_parts(11));
}

TEST_CASE("the line of a batch holds the messages that are not done, each with its id") {
    BatchesBench bench;
    bench.delivered.message.topic = "t";
    bench.delivered.message.body = "7";
    std::string line;
    append_batch(line, 10, bench.line(0, 3));
    CHECK(line.starts_with(R"({"id":10,"batch":[{"id":11,"topic":"t",)"));
    CHECK(line.ends_with("\"body\":7}]}\n"));
    CHECK(line.find(R"(,{"id":13,)") != line.npos);
    CHECK_FALSE(util::check_json(line));
    bench.answered(11);
    line.clear();
    append_batch(line, 20, bench.line(0, 3));
    CHECK(line.starts_with(R"({"id":20,"batch":[{"id":22,"topic":"t",)"));
    CHECK_FALSE(util::check_json(line));
}

TEST_CASE("a worker is started again after growing pauses while it answers nothing") {
    Comebacks comebacks;
    const Comebacks::Life crash{true, 1, 0, 50, 1s};
    for (const auto pause : {200ms, 400ms, 800ms, 1600ms, 3200ms, 6400ms, 10'000ms, 10'000ms})
        CHECK(comebacks.after(crash) == pause);
    CHECK(comebacks.after({true, 2, 1, 100, 1s}) == 200ms);
    CHECK(comebacks.after(crash) == 200ms);
}

TEST_CASE("a worker that takes no message, start after start, does not come up") {
    const Comebacks::Life useless[] = {
        {false, 0, 0, 0, 1h},  // never ready
        {true, 0, 0, 0, 9s},   // gone before there was a message
        {true, 1, 0, 0, 1h},   // does not read
    };
    for (const auto& life : useless) {
        Comebacks comebacks;
        for (int i = 0; i < 4; ++i)
            CHECK(comebacks.after(life));
        CHECK_FALSE(comebacks.after(life));
    }
    Comebacks idle;
    for (int i = 0; i < 20; ++i)
        CHECK(idle.after({true, 0, 0, 0, 10s}) == 200ms);
}
