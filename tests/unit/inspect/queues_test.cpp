// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "inspect/queues.hpp"

#include <doctest/doctest.h>

#include <map>

#include "mq/copies/broker.hpp"
#include "scripted_server.hpp"
#include "util/error.hpp"

using namespace airy;
using namespace std::chrono_literals;
using test::http_answer;
using test::ScriptedServer;

namespace {

// A broker that has a few queues and can only be looked at.
class SeenTopology final : public mq::Topology {
  public:
    SeenTopology(const std::map<std::string, mq::QueueState>& queues,
                 const std::optional<mq::Inventory>& told)
        : queues_(queues), told_(told) {}

    mq::QueueState check_queue(const std::string& name) override {
        const auto found = queues_.find(name);
        if (found == queues_.end()) throw Error(ErrorKind::not_found, "no queue " + name);
        return found->second;
    }
    void declare_exchange(const mq::ExchangeSpec&) override { refuse(); }
    void check_exchange(const std::string&) override { refuse(); }
    mq::QueueState declare_queue(const mq::QueueSpec&) override { refuse(); }
    void bind(const std::string&, const std::string&, const std::string&) override { refuse(); }
    void unbind(const std::string&, const std::string&, const std::string&) override { refuse(); }
    std::uint64_t delete_queue(const std::string&, bool, bool) override { refuse(); }
    std::uint64_t purge_queue(const std::string&) override { refuse(); }
    void delete_exchange(const std::string&) override { refuse(); }
    std::optional<mq::Inventory> inventory() override { return told_; }
    std::string server() const override { return "fake"; }

  private:
    [[noreturn]] static void refuse() { throw Error(ErrorKind::general, "only looking"); }
    const std::map<std::string, mq::QueueState>& queues_;
    const std::optional<mq::Inventory>& told_;
};

class SeenBroker final : public mq::copies::CopyingBroker {
  public:
    std::unique_ptr<mq::Publisher> publisher(const mq::PublisherOptions&) override { return {}; }
    std::unique_ptr<mq::Subscription> subscribe(const mq::SubscribeOptions&) override { return {}; }
    std::unique_ptr<mq::Topology> topology() override {
        return std::make_unique<SeenTopology>(queues, told);
    }
    std::map<std::string, mq::QueueState> queues;  // that a passive declare shows
    std::optional<mq::Inventory> told;
};

inspect::Management management(const std::string& url) {
    mq::Endpoint endpoint;
    endpoint.url = "amqp://guest:guest@127.0.0.1/";
    return inspect::Management(endpoint, url, 5s);
}

}  // namespace

TEST_CASE("all queues, by name; the broker tells what the management API does not know yet") {
    ScriptedServer server({http_answer(
        200, R"([{"name":"c"},{"name":"b","messages_ready":1,"consumers":2},{"name":"a"}])")});
    SeenBroker broker;
    broker.queues["a"] = {"a", 5, 1};
    broker.queues["b"] = {"b", 99, 99};
    const auto survey = inspect::survey_queues(management(server.url()), broker);
    REQUIRE(survey.queues.size() == 3);
    CHECK(survey.queues[0].queue.name == "a");
    CHECK(survey.queues[0].queue.ready == 5);
    CHECK(survey.queues[0].queue.consumers == 1);
    CHECK(inspect::to_string(survey.queues[0].source) == "management+amqp");
    CHECK(survey.queues[1].queue.ready == 1);
    CHECK(inspect::to_string(survey.queues[1].source) == "management");
    CHECK(survey.queues[2].queue.name == "c");
    CHECK_FALSE(survey.queues[2].queue.ready.has_value());
    CHECK(survey.degraded.empty());
}

TEST_CASE("named queues get the broker's counts of now, the rest from the management API") {
    ScriptedServer server({http_answer(
        200, R"({"name":"q","type":"quorum","messages_ready":1,"messages_unacknowledged":4,)"
             R"("consumers":0})")});
    SeenBroker broker;
    broker.queues["q"] = {"q", 17, 2};
    const auto survey = inspect::survey_queues(management(server.url()), broker, {"q"});
    REQUIRE(survey.queues.size() == 1);
    const auto& report = survey.queues[0];
    CHECK(report.queue.type == "quorum");
    CHECK(report.queue.ready == 17);
    CHECK(report.queue.consumers == 2);
    CHECK(report.queue.unacked == 4);
    CHECK(inspect::to_string(report.source) == "management+amqp");
    CHECK(survey.degraded.empty());
}

TEST_CASE("without the management API there is what a passive declare tells, and why") {
    std::string url;
    {
        ScriptedServer server({});
        url = server.url();
    }
    SeenBroker broker;
    broker.queues["a"] = {"a", 3, 1};
    broker.queues["b"] = {"b", 0, 0};
    const auto survey = inspect::survey_queues(management(url), broker, {"b", "a"});
    REQUIRE(survey.queues.size() == 2);
    CHECK(survey.queues[0].queue.name == "b");
    CHECK(survey.queues[1].queue.ready == 3);
    CHECK(survey.queues[1].queue.consumers == 1);
    CHECK_FALSE(survey.queues[1].queue.unacked);
    CHECK(inspect::to_string(survey.queues[1].source) == "amqp");
    CHECK(survey.degraded.find("connection refused") != std::string::npos);
}

TEST_CASE("a stalled management API costs its deadline once, not once a queue") {
    ScriptedServer server({""}, true);
    mq::Endpoint endpoint;
    endpoint.url = "amqp://guest:guest@127.0.0.1/";
    const inspect::Management slow(endpoint, server.url(), 100ms);
    SeenBroker broker;
    std::vector<std::string> names;
    for (int i = 0; i < 100; ++i) {
        names.push_back("q" + std::to_string(i));
        broker.queues[names.back()] = {names.back(), 1, 0};
    }
    const auto start = std::chrono::steady_clock::now();
    CHECK(inspect::survey_queues(slow, broker, names).queues.size() == 100);
    CHECK(std::chrono::steady_clock::now() - start < 5s);
    CHECK(server.requests().size() == 1);
}

TEST_CASE("bindings of the queues surveyed, in order, without the default exchange's") {
    ScriptedServer server(
        {http_answer(200, R"([{"name":"a","messages_ready":0,"consumers":0},)"
                          R"({"name":"b","messages_ready":0,"consumers":0}])"),
         http_answer(200, R"([{"source":"","destination":"a","destination_type":"queue",)"
                          R"("routing_key":"a"},)"
                          R"({"source":"e","destination":"a","destination_type":"queue",)"
                          R"("routing_key":"y"},)"
                          R"({"source":"e","destination":"a","destination_type":"queue",)"
                          R"("routing_key":"x"},)"
                          R"({"source":"e","destination":"b","destination_type":"exchange",)"
                          R"("routing_key":"z"}])")});
    SeenBroker broker;
    const auto api = management(server.url());
    auto survey = inspect::survey_queues(api, broker);
    inspect::add_bindings(survey, api, broker);
    REQUIRE(survey.queues.size() == 2);
    const auto& bindings = survey.queues[0].bindings;
    REQUIRE(bindings);
    REQUIRE(bindings->size() == 2);
    CHECK(bindings->at(0).pattern == "x");
    CHECK(bindings->at(1).pattern == "y");
    REQUIRE(survey.queues[1].bindings);
    CHECK(survey.queues[1].bindings->empty());
}

TEST_CASE("bindings that nobody can tell stay absent, and the reason is told") {
    ScriptedServer server({http_answer(200, R"({"name":"q"})"), http_answer(401, "{}")});
    SeenBroker broker;
    broker.queues["q"] = {"q", 1, 0};
    const auto api = management(server.url());
    auto survey = inspect::survey_queues(api, broker, {"q"});
    CHECK(survey.degraded.empty());
    inspect::add_bindings(survey, api, broker);
    CHECK_FALSE(survey.queues.at(0).bindings);
    CHECK(survey.degraded.find("refused the login") != std::string::npos);
    // What has not answered once is not asked again.
    inspect::add_bindings(survey, api, broker);
    CHECK(server.requests().size() == 2);
}

TEST_CASE("a queue that is not there is told of, and does not hide the others") {
    const auto unknown = http_answer(404, "{}");
    ScriptedServer server({unknown, unknown, unknown});
    SeenBroker broker;
    broker.queues["q"] = {"q", 1, 0};
    const auto survey =
        inspect::survey_queues(management(server.url()), broker, {"none", "q", "nothing"});
    REQUIRE(survey.queues.size() == 1);
    // The broker has it though the management API does not know it yet.
    CHECK(survey.queues[0].queue.ready == 1);
    CHECK(inspect::to_string(survey.queues[0].source) == "amqp");
    CHECK(survey.degraded.empty());
    REQUIRE(survey.missing.size() == 2);
    CHECK(survey.missing[0].kind() == ErrorKind::not_found);
    CHECK(std::string(survey.missing[1].what()) == "no queue nothing");
}

TEST_CASE("of a queue that the broker does not show to us the management API tells") {
    ScriptedServer server(
        {http_answer(200, R"({"name":"own","type":"classic","messages_ready":3,"consumers":1})")});
    SeenBroker broker;
    const auto survey = inspect::survey_queues(management(server.url()), broker, {"own"});
    REQUIRE(survey.queues.size() == 1);
    CHECK(survey.queues[0].queue.ready == 3);
    CHECK(inspect::to_string(survey.queues[0].source) == "management");
    CHECK(survey.missing.empty());
}

TEST_CASE("a broker that lists its queues also tells of one that it does not show to us") {
    SeenBroker broker;
    mq::QueueListing own;
    own.spec.name = "own";
    own.spec.exclusive = true;
    own.ready = 3;
    broker.told.emplace().queues.push_back(own);
    const auto survey = inspect::survey_queues(std::nullopt, broker, {"own", "none"});
    REQUIRE(survey.queues.size() == 1);
    CHECK(survey.queues[0].queue.ready == 3);
    CHECK(survey.queues[0].queue.exclusive);
    CHECK(inspect::to_string(survey.queues[0].source) == "broker");
    CHECK_FALSE(survey.queues[0].queue.rates);
    REQUIRE(survey.missing.size() == 1);
    CHECK(survey.missing[0].kind() == ErrorKind::not_found);
}
