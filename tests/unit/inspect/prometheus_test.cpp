// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "inspect/prometheus.hpp"

#include <doctest/doctest.h>

namespace airy::inspect {
namespace {

bool has(const std::string& text, const std::string& line) {
    return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

TEST_CASE("a consumer's metrics bear the contract's names, and histograms add up") {
    work::ConsumerStatus status;
    status.name = "a\"b\\c\nd";
    status.pid = 7;
    status.version = "1.2";
    status.queue = "work";
    status.cap = 4;
    status.handled = 3;
    status.dead_lettered = 1;
    status.run.count = 4;
    status.run.sum = std::chrono::milliseconds(1500);
    status.run.up_to.fill(4);
    status.run.up_to[0] = 1;
    status.confirm.count = 2;
    status.confirm.sum = std::chrono::milliseconds(5);
    status.confirm.up_to.fill(2);
    const auto text = prometheus_text(std::vector{status});
    const std::string labels = R"(consumer="a\"b\\c\nd",queue="work")";
    CHECK(has(text, "# TYPE airy_pool_run_seconds histogram"));
    CHECK(has(text, "airy_pool_capacity{" + labels + "} 4"));
    CHECK(has(text, "airy_consumer_info{" + labels + R"(,pid="7",version="1.2"} 1)"));
    CHECK(text.find("pid=") == text.rfind("pid="));
    CHECK(has(text, "airy_messages_total{" + labels + R"(,settlement="ack"} 3)"));
    CHECK(has(text, "airy_messages_total{" + labels + R"(,settlement="dead_letter"} 1)"));
    CHECK(has(text, "airy_pool_run_seconds_bucket{" + labels + R"(,le="0.001"} 1)"));
    CHECK(has(text, "airy_pool_run_seconds_bucket{" + labels + R"(,le="300"} 4)"));
    CHECK(has(text, "airy_pool_run_seconds_bucket{" + labels + R"(,le="+Inf"} 4)"));
    CHECK(has(text, "airy_pool_run_seconds_sum{" + labels + "} 1.5"));
    CHECK(has(text, "airy_pool_run_seconds_count{" + labels + "} 4"));
    CHECK(has(text, "# TYPE airy_publish_confirm_seconds histogram"));
    CHECK(has(text, "airy_publish_confirm_seconds_bucket{" + labels + R"(,le="0.001"} 2)"));
    CHECK(has(text, "airy_publish_confirm_seconds_sum{" + labels + "} 0.005"));
}

TEST_CASE("a consumer that does not answer is down, and the others are up") {
    work::ConsumerStatus status;
    status.name = "fine";
    status.pid = 7;
    const auto text = prometheus_text(std::vector<Consumer>{{"fine", 7, "/run/fine", status},
                                                            {"stopped", 8, "/run/stopped", {}}});
    CHECK(has(text, R"(airy_consumer_up{consumer="fine"} 1)"));
    CHECK(has(text, R"(airy_consumer_up{consumer="stopped"} 0)"));
    CHECK(text.find(R"(airy_pool_capacity{consumer="stopped")") == text.npos);
    CHECK(prometheus_text(std::vector<Consumer>{}).empty());
}

TEST_CASE("consumers of one name and queue are summed up, and each is in the info") {
    work::ConsumerStatus one;
    one.name = "search";
    one.pid = 7;
    one.queue = "work";
    one.cap = 4;
    one.handled = 3;
    one.run.count = 2;
    one.run.sum = std::chrono::seconds(1);
    one.run.up_to.fill(2);
    one.uptime = std::chrono::seconds(60);
    auto other = one;
    other.pid = 8;
    other.uptime = std::chrono::seconds(5);
    auto elsewhere = one;
    elsewhere.pid = 9;
    elsewhere.queue = "more";
    const auto text = prometheus_text(std::vector{one, other, elsewhere});
    const std::string labels = R"(consumer="search",queue="work")";
    CHECK(has(text, "airy_pool_capacity{" + labels + "} 8"));
    CHECK(has(text, "airy_messages_total{" + labels + R"(,settlement="ack"} 6)"));
    CHECK(has(text, "airy_pool_run_seconds_bucket{" + labels + R"(,le="+Inf"} 4)"));
    CHECK(has(text, "airy_pool_run_seconds_sum{" + labels + "} 2"));
    CHECK(has(text, "airy_consumer_uptime_seconds{" + labels + "} 60"));
    CHECK(has(text, R"(airy_pool_capacity{consumer="search",queue="more"} 4)"));
    for (const char* pid : {"7", "8"})
        CHECK(has(text, "airy_consumer_info{" + labels + R"(,pid=")" + pid + R"(",version=""} 1)"));

    const auto mixed = prometheus_text(std::vector<Consumer>{
        {"search", 7, "/run/7", one}, {"search", 8, "/run/8", {}}, {"more", 9, "/run/9", one}});
    CHECK(has(mixed, R"(airy_consumer_up{consumer="search"} 0)"));
    CHECK(has(mixed, R"(airy_consumer_up{consumer="more"} 1)"));
}

TEST_CASE("a figure that a queue's broker does not report has no sample") {
    mq::QueueReport report;
    report.queue.name = "q";
    report.queue.ready = 5;
    // An absent figure is not 0, whether or not the broker could report it.
    for (const auto source : {mq::QueueSource::management, mq::QueueSource::broker}) {
        report.source = source;
        CHECK(prometheus_text(std::vector{report}).find("rate{") == std::string::npos);
    }
    report.source = mq::QueueSource::amqp;
    const auto text = prometheus_text(std::vector{report});
    CHECK(has(text, R"(airy_queue_messages_ready{queue="q"} 5)"));
    CHECK(text.find("airy_queue_messages_unacked{") == std::string::npos);
    CHECK(text.find("airy_queue_ack_rate{") == std::string::npos);
    CHECK(prometheus_text(std::vector<mq::QueueReport>{}).empty());
}

}  // namespace
}  // namespace airy::inspect
