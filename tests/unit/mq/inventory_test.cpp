// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/amqp/inventory.hpp"

#include <doctest/doctest.h>

#include <map>

#include "mq/copies/broker.hpp"
#include "scripted_server.hpp"
#include "tests/unit/mq/copies_support.hpp"
#include "util/error.hpp"

using namespace airy;
using namespace std::chrono_literals;
using test::http_answer;
using test::ScriptedServer;
using namespace mq::amqp;

namespace {

// A broker with a few queues that can only be looked at.
class SeenTopology final : public mq::Topology {
  public:
    explicit SeenTopology(const std::map<std::string, mq::QueueState>& queues) : queues_(queues) {}

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
    std::string server() const override { return "fake"; }

  private:
    [[noreturn]] static void refuse() { throw Error(ErrorKind::general, "only looking"); }
    const std::map<std::string, mq::QueueState>& queues_;
};

class SeenBroker final : public mq::copies::CopyingBroker {
  public:
    std::unique_ptr<mq::Publisher> publisher(const mq::PublisherOptions&) override { return {}; }
    std::unique_ptr<mq::Subscription> subscribe(const mq::SubscribeOptions&) override { return {}; }
    std::unique_ptr<mq::Topology> topology() override {
        return std::make_unique<SeenTopology>(queues);
    }
    mq::Inventory inventory(const mq::InventoryQuery&) override { return {}; }
    std::vector<std::string> alarms() override { return {}; }
    std::map<std::string, mq::QueueState> queues;  // as a passive declare shows them
};

mq::amqp::Management management(const std::string& url, std::chrono::milliseconds deadline = 5s) {
    mq::Endpoint endpoint;
    endpoint.url = "amqp://guest:guest@127.0.0.1/";
    endpoint.management_url = url;
    endpoint.management_deadline = deadline;
    return mq::amqp::Management(endpoint);
}

}  // namespace

TEST_CASE("all queues, by name; the broker adds counts that the management API lacks") {
    ScriptedServer server({http_answer(
        200, R"([{"name":"c"},{"name":"b","messages_ready":1,"consumers":2},{"name":"a"}])")});
    SeenBroker broker;
    broker.queues["a"] = {"a", 5, 1};
    broker.queues["b"] = {"b", 99, 99};
    auto inventory = take_inventory(management(server.url()), {});
    complete_counts(inventory, broker);
    REQUIRE(inventory.queues.size() == 3);
    CHECK(inventory.queues[0].queue.name == "a");
    CHECK(inventory.queues[0].queue.ready == 5);
    CHECK(inventory.queues[0].queue.consumers == 1);
    CHECK(mq::to_string(inventory.queues[0].source) == "management+amqp");
    CHECK(inventory.queues[1].queue.ready == 1);
    CHECK(mq::to_string(inventory.queues[1].source) == "management");
    CHECK(inventory.queues[2].queue.name == "c");
    CHECK_FALSE(inventory.queues[2].queue.ready.has_value());
    CHECK(inventory.degraded.empty());
}

TEST_CASE("named queues get the broker's counts of now, the rest from the management API") {
    ScriptedServer server({http_answer(
        200, R"({"name":"q","type":"quorum","messages_ready":1,"messages_unacknowledged":4,)"
             R"("consumers":0})")});
    SeenBroker broker;
    broker.queues["q"] = {"q", 17, 2};
    const auto inventory = take_inventory(management(server.url()), broker, {"q"});
    REQUIRE(inventory.queues.size() == 1);
    const auto& report = inventory.queues[0];
    CHECK(report.queue.type == "quorum");
    CHECK(report.queue.ready == 17);
    CHECK(report.queue.consumers == 2);
    CHECK(report.queue.unacked == 4);
    CHECK(mq::to_string(report.source) == "management+amqp");
    CHECK(inventory.degraded.empty());
}

TEST_CASE("without the management API: figures of passive declares, and the reason") {
    std::string url;
    {
        ScriptedServer server({});
        url = server.url();
    }
    SeenBroker broker;
    broker.queues["a"] = {"a", 3, 1};
    broker.queues["b"] = {"b", 0, 0};
    const auto inventory = take_inventory(management(url), broker, {"b", "a"});
    REQUIRE(inventory.queues.size() == 2);
    CHECK(inventory.queues[0].queue.name == "b");
    CHECK(inventory.queues[1].queue.ready == 3);
    CHECK(inventory.queues[1].queue.consumers == 1);
    CHECK_FALSE(inventory.queues[1].queue.unacked);
    CHECK(mq::to_string(inventory.queues[1].source) == "amqp");
    CHECK(inventory.degraded.find("connection refused") != std::string::npos);
}

TEST_CASE("a stalled management API costs its deadline once, not once a queue") {
    ScriptedServer server({""}, true);
    const auto slow = management(server.url(), 100ms);
    SeenBroker broker;
    std::vector<std::string> names;
    for (int i = 0; i < 100; ++i) {
        names.push_back("q" + std::to_string(i));
        broker.queues[names.back()] = {names.back(), 1, 0};
    }
    const auto start = std::chrono::steady_clock::now();
    CHECK(take_inventory(slow, broker, names).queues.size() == 100);
    CHECK(std::chrono::steady_clock::now() - start < 5s);
    CHECK(server.requests().size() == 1);
}

TEST_CASE("bindings of the listed queues, in order, without the default exchange's") {
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
    auto inventory = take_inventory(api, {});
    add_bindings(inventory, api);
    REQUIRE(inventory.queues.size() == 2);
    const auto& bindings = inventory.queues[0].bindings;
    REQUIRE(bindings);
    REQUIRE(bindings->size() == 2);
    CHECK(bindings->at(0).pattern == "x");
    CHECK(bindings->at(1).pattern == "y");
    REQUIRE(inventory.queues[1].bindings);
    CHECK(inventory.queues[1].bindings->empty());
}

TEST_CASE("bindings that no source reports stay absent, with the reason") {
    ScriptedServer server({http_answer(200, R"({"name":"q"})"), http_answer(401, "{}")});
    SeenBroker broker;
    broker.queues["q"] = {"q", 1, 0};
    const auto api = management(server.url());
    auto inventory = take_inventory(api, broker, {"q"});
    CHECK(inventory.degraded.empty());
    add_bindings(inventory, api);
    CHECK_FALSE(inventory.queues.at(0).bindings);
    CHECK(inventory.degraded.empty());
    CHECK(inventory.without_bindings.find("refused the login") != std::string::npos);
    CHECK(server.requests().size() == 2);
    // An API that has not answered for the queues is not asked again.
    inventory.degraded = "it did not answer";
    add_bindings(inventory, api);
    CHECK(inventory.without_bindings == inventory.degraded);
    CHECK(server.requests().size() == 2);
}

TEST_CASE("bindings of a virtual host that the management API does not know stay absent") {
    ScriptedServer server(
        {http_answer(200, R"({"name":"q"})"), http_answer(404, R"({"error":"Object Not Found"})")});
    SeenBroker broker;
    broker.queues["q"] = {"q", 1, 0};
    const auto api = management(server.url());
    auto inventory = take_inventory(api, broker, {"q"});
    add_bindings(inventory, api);
    CHECK_FALSE(inventory.queues.at(0).bindings);
    CHECK(inventory.without_bindings.find("has no virtual host '/'") != std::string::npos);
}

TEST_CASE("a missing queue is reported, and does not hide the others") {
    const auto unknown = http_answer(404, R"({"error":"Object Not Found","reason":"Not Found"})");
    ScriptedServer server({unknown, unknown, unknown});
    SeenBroker broker;
    broker.queues["q"] = {"q", 1, 0};
    const auto inventory =
        take_inventory(management(server.url()), broker, {"none", "q", "nothing"});
    REQUIRE(inventory.queues.size() == 1);
    // The broker has the queue, but the management API does not know it.
    CHECK(inventory.queues[0].queue.ready == 1);
    CHECK(mq::to_string(inventory.queues[0].source) == "amqp");
    CHECK(inventory.degraded.find("has no queue 'q'") != std::string::npos);
    REQUIRE(inventory.missing.size() == 2);
    CHECK(inventory.missing[0].kind() == ErrorKind::not_found);
    CHECK(std::string(inventory.missing[1].what()) == "no queue nothing");
}

TEST_CASE("a queue that AMQP refuses to show is reported by the management API") {
    ScriptedServer server(
        {http_answer(200, R"({"name":"own","type":"classic","messages_ready":3,"consumers":1})")});
    SeenBroker broker;
    const auto inventory = take_inventory(management(server.url()), broker, {"own"});
    REQUIRE(inventory.queues.size() == 1);
    CHECK(inventory.queues[0].queue.ready == 3);
    CHECK(mq::to_string(inventory.queues[0].source) == "management");
    CHECK(inventory.missing.empty());
}

TEST_CASE("the embedded broker lists its queues with their bindings, also those of others") {
    const test::FileBroker broker;
    const auto topology = broker->topology();
    topology->declare_exchange({"e"});
    mq::QueueSpec spec;
    spec.name = "work";
    topology->declare_queue(spec);
    topology->bind("work", "e", "post.*");
    broker.push("work", "{}", 3);
    mq::SubscribeOptions options;
    options.exchange.name = "e";
    options.patterns = {"#"};
    const auto own = broker->subscribe(options);

    const auto all = broker->inventory({.bindings = true});
    REQUIRE(all.queues.size() == 2);
    CHECK(all.queues[0].queue.name == own->queue());
    CHECK(all.queues[0].queue.exclusive);
    CHECK(all.queues[1].queue.ready == 3);
    CHECK(mq::to_string(all.queues[1].source) == "broker");
    CHECK_FALSE(all.queues[1].queue.rates);
    REQUIRE(all.queues[1].bindings);
    REQUIRE(all.queues[1].bindings->size() == 1);
    CHECK(all.queues[1].bindings->front().pattern == "post.*");

    const auto named = broker->inventory({.queues = {"none", "work"}});
    REQUIRE(named.queues.size() == 1);
    CHECK_FALSE(named.queues[0].bindings);
    REQUIRE(named.missing.size() == 1);
    CHECK(named.missing[0].kind() == ErrorKind::not_found);
}

TEST_CASE("the least limit of arguments and policy holds") {
    mq::QueueInfo queue;
    CHECK_FALSE(mq::limit_of(queue, "max-length"));
    queue.arguments = {{"x-max-length", "10"}, {"x-overflow", "\"reject-publish\""}};
    CHECK(mq::limit_of(queue, "max-length") == 10);
    queue.policy_keys = {{"max-length", "7"}, {"max-length-bytes", "1024"}};
    CHECK(mq::limit_of(queue, "max-length") == 7);
    CHECK(mq::limit_of(queue, "max-length-bytes") == 1024);
    queue.policy_keys = {{"max-length", "\"many\""}};
    CHECK(mq::limit_of(queue, "max-length") == 10);
}
