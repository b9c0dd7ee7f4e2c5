// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "inspect/consumer_json.hpp"

#include <doctest/doctest.h>

#include "fake_consumer.hpp"
#include "util/error.hpp"
#include "util/json_text.hpp"

using namespace airy;
using namespace std::chrono_literals;

TEST_CASE("a status goes through JSON unchanged") {
    const auto status = test::busy_status();
    const auto back = inspect::parse_consumer_status(inspect::to_json(status));
    CHECK(back.name == status.name);
    CHECK(back.pid == status.pid);
    CHECK(back.queue == status.queue);
    CHECK(back.patterns == status.patterns);
    CHECK(back.state == status.state);
    CHECK(back.version == status.version);
    CHECK(back.uptime == status.uptime);
    CHECK(back.cap == status.cap);
    CHECK(back.running == status.running);
    CHECK(back.free == status.free);
    CHECK(back.waiting == status.waiting);
    CHECK(back.in_flight == status.in_flight);
    CHECK(back.handled == status.handled);
    CHECK(back.failed == status.failed);
    CHECK(back.retried == status.retried);
    CHECK(back.dead_lettered == status.dead_lettered);
    CHECK(back.wait.count == status.wait.count);
    CHECK(back.wait.p50 == status.wait.p50);
    CHECK(back.wait.p90 == status.wait.p90);
    CHECK(back.wait.p99 == status.wait.p99);
    CHECK(back.run.max == status.run.max);
    CHECK(back.confirm.count == status.confirm.count);
    CHECK(back.confirm.p99 == status.confirm.p99);
}

TEST_CASE("the keys that scripts rely on, all in one line") {
    const auto json = inspect::to_json(test::busy_status());
    CHECK(json.find('\n') == json.npos);
    CHECK_FALSE(util::check_json(json));
    for (const char* key :
         {"name", "pid", "queue", "patterns", "cap", "running", "free", "waiting", "in_flight",
          "handled", "failed", "retried", "dead_lettered", "state"}) {
        CAPTURE(key);
        CHECK(json.find("\"" + std::string(key) + "\":") != json.npos);
    }
    CHECK(json.find(R"("handled":9007199254740993,)") != json.npos);
    CHECK(json.find(R"("wait_ms":{"count":7,"p50":1.500,)") != json.npos);
}

TEST_CASE("a status as JSON, byte for byte") {
    auto status = test::busy_status();
    status.version = "1.2";
    status.discarded = 14;
    status.duplicates = 15;
    status.replied = 17;
    status.batches = 18;
    status.reconnects = 16;
    status.handled_rates = {1.25, 2.05, 3};
    status.failed_rates = {0.1, 0, 1e6};
    status.wait.up_to.fill(3);
    status.tasks = {{"a.b", "id\"1", 1, 1500ms}, {"c\xff", "", 7, 61s}};
    status.failures = {
        {util::SystemTime(1'700'000'000'123'456'789ns), "a.b", "id", "exit status 1: \n no"},
        {util::SystemTime(1'700'000'001s), "", "", "\xfe"}};
    CHECK(
        inspect::to_json(status) ==
        R"({"name":"orders","pid":4711,"version":"1.2","queue":"orders-queue","patterns":["post.*","comment.#"],"state":"running","uptime_s":61.250,)"
        R"("cap":8,"running":5,"free":3,"waiting":2,"in_flight":9,)"
        R"("handled":9007199254740993,"failed":11,"retried":12,"dead_lettered":13,"discarded":14,"duplicates":15,"replied":17,"batches":18,"reconnects":16,)"
        R"("wait_ms":{"count":7,"p50":1.500,"p90":2.500,"p99":3.500,"max":4.500,"sum":0.000,)"
        R"("up_to":[3,3,3,3,3,3,3,3,3,3,3,3,3,3,3,3,3]},)"
        R"("run_ms":{"count":6,"p50":15.000,"p90":25.000,"p99":35.000,)"
        R"("max":45.123,"sum":0.000,"up_to":[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]},)"
        R"("confirm_ms":{"count":5,"p50":1.000,"p90":2.000,"p99":3.000,)"
        R"("max":4.000,"sum":0.000,"up_to":[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]},)"
        R"("handled_rate":{"1s":1.2,"10s":2.0,"60s":3.0},"failed_rate":{"1s":0.1,"10s":0.0,"60s":1000000.0},)"
        R"("tasks":[{"topic":"a.b","message_id":"id\"1","messages":1,"running_s":1.500},)"
        R"({"topic":"c\\xff","message_id":"","messages":7,"running_s":61.000}],)"
        R"("failures":[{"time":"2023-11-14T22:13:20.123456789Z","topic":"a.b","message_id":"id",)"
        R"("reason":"exit status 1: \n no"},)"
        R"({"time":"2023-11-14T22:13:21Z","topic":"","message_id":"","reason":"\\xfe"}]})");
}

TEST_CASE("names of any bytes give valid JSON") {
    auto status = test::busy_status();
    status.name = "a\"b\\c\n\x01";
    status.queue = "\xff\xfe";
    const auto json = inspect::to_json(status);
    CHECK_FALSE(util::check_json(json));
    CHECK(inspect::parse_consumer_status(json).name == status.name);
}

TEST_CASE("an answer of another release: missing, unknown and strange members") {
    const auto status = inspect::parse_consumer_status(
        R"({"name":"n","pid":-3,"cap":"many","state":"dreaming","uptime_s":1e300,"new":[1],)"
        R"("patterns":["a",1],"wait_ms":5,"run_ms":{"p50":-1,"count":2}})");
    CHECK(status.name == "n");
    CHECK(status.pid == 0);
    CHECK(status.cap == 0);
    CHECK(status.state == work::ConsumerState::starting);
    CHECK(status.uptime == 0ns);
    CHECK(status.patterns == std::vector<std::string>{"a"});
    CHECK(status.wait.count == 0);
    CHECK(status.run.count == 2);
    CHECK(status.run.p50 == 0ns);
    CHECK_THROWS_AS(inspect::parse_consumer_status("[]"), Error);
    CHECK_THROWS_AS(inspect::parse_consumer_status("{\"name\":"), Error);
}
