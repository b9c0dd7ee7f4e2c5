// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
// Numbered messages through a publisher and a consumer, with faults at random. At the end each
// confirmed message is handled or a dead letter. AIRY_TEST_LEDGER_SECONDS sets the least time,
// AIRY_TEST_LEDGER_MESSAGES the least number of messages. Prints the lost and doubled messages of
// each kind of fault.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <iomanip>
#include <map>
#include <random>
#include <set>
#include <sstream>

#include "consumer_fixture.hpp"

namespace airy::test {
namespace {

using std::chrono::steady_clock;
using work::Verdict;

constexpr std::size_t window = 200;
constexpr std::uint64_t most_waiting = 5000;  // the rest at the end is soon handled
constexpr std::size_t taken_ahead = 20;       // the consumer's prefetch

std::uint64_t setting(const char* name, std::uint64_t otherwise) {
    const char* text = std::getenv(name);
    return text != nullptr ? std::strtoull(text, nullptr, 10) : otherwise;
}

// The outcome of each number. Any thread.
struct Ledger {
    std::mutex mutex;
    std::set<std::uint64_t> confirmed;
    std::set<std::uint64_t> handled;
    std::uint64_t handled_in_all = 0;
    std::uint64_t highest_first = 0;  // of first deliveries
    std::uint64_t out_of_order = 0;

    Verdict judge(const mq::Delivered& delivered) {
        const auto number = std::stoull(delivered.message.body);
        const std::lock_guard lock(mutex);
        if (delivered.attempts == 0) {
            // An unconfirmed message may be published after its followers, not before. The broker
            // sends the messages of a lost connection again once it notices the loss, maybe after
            // the next connection has taken the followers.
            if (number > highest_first)
                highest_first = number;
            else if (!seen.contains(number) && !delivered.redelivered)
                ++out_of_order;
            seen.insert(number);
        }
        if (number % 997 == 0) return Verdict::reject;
        if (number % 101 == 0 && delivered.attempts == 0) return Verdict::retry;
        handled.insert(number);
        ++handled_in_all;
        return Verdict::success;
    }
    std::set<std::uint64_t> seen;

    // The number of submitted messages that no handler has seen yet.
    std::uint64_t waiting(std::uint64_t submitted) {
        const std::lock_guard lock(mutex);
        return submitted - std::min<std::uint64_t>(submitted, seen.size());
    }

    std::uint64_t doubled() {
        const std::lock_guard lock(mutex);
        return handled_in_all - handled.size();
    }

    std::vector<std::uint64_t> missing(const std::set<std::uint64_t>& dead) {
        const std::lock_guard lock(mutex);
        std::vector<std::uint64_t> numbers;
        for (const auto number : confirmed)
            if (!handled.contains(number) && !dead.contains(number)) numbers.push_back(number);
        return numbers;
    }
};

// Publishes 1, 2, 3… until it is ended, then waits for the last confirms.
class Source {
  public:
    Source(const std::string& url, const std::string& exchange, Ledger& ledger)
        : exchange_(exchange), ledger_(ledger), broker_(mq::connect(slow_to_despair(url))) {
        publisher_ = publisher(*broker_, exchange, window);
        thread_ = std::thread([this] { run(); });
    }
    void end() {
        ending_ = true;
        thread_.join();
    }
    std::uint64_t submitted() const { return submitted_; }
    bool lost() const { return lost_; }

  private:
    static mq::Endpoint slow_to_despair(const std::string& url) {
        auto where = endpoint(url);
        where.heartbeat = 2s;
        where.connect_timeout = 2s;
        return where;
    }
    void run() {
        while (!lost_ && (!ending_ || publisher_->in_flight() > 0)) {
            while (!ending_ && ledger_.waiting(submitted_) < most_waiting) {
                auto next = message(exchange_, std::to_string(submitted_ + 1));
                if (publisher_->try_submit(next) == 0) break;
                ++submitted_;
            }
            pollfd ready{publisher_->event_fd(), POLLIN, 0};
            ::poll(&ready, 1, 100);
            const std::lock_guard lock(ledger_.mutex);
            for (const auto& event : publisher_->take()) {
                if (const auto* good = std::get_if<mq::Confirmed>(&event))
                    ledger_.confirmed.insert(good->sequence);
                if (std::holds_alternative<mq::Lost>(event)) lost_ = true;
            }
        }
        publisher_->close(patience);
    }

    const std::string exchange_;
    Ledger& ledger_;
    std::unique_ptr<mq::Broker> broker_;
    std::unique_ptr<mq::Publisher> publisher_;
    std::atomic<bool> ending_{false};
    std::atomic<bool> lost_{false};
    std::atomic<std::uint64_t> submitted_{0};
    std::thread thread_;
};

// One fault at random; returns its name once it is over.
std::string fault(std::mt19937& random, TcpProxy& publishing, TcpProxy& consuming) {
    TcpProxy& proxy = random() % 2 == 0 ? publishing : consuming;
    const auto either =
        random() % 2 == 0 ? TcpProxy::Direction::to_broker : TcpProxy::Direction::to_client;
    switch (random() % 12) {
        case 0:
            node().kill();
            node().restart();
            return "killed";
        case 1:
            node().stop();
            node().restart();
            return "stopped";
        case 2: {
            const auto accepted = proxy.accepted();
            proxy.stall();
            becomes([&] { return proxy.accepted() > accepted; }, 10s);  // the heartbeat ends it
            proxy.resume();
            return "stalled";
        }
        case 3:
            node().ctl("close_all_connections 'by the ledger test'");
            return "closed";
        case 4: {
            node().ctl("set_vm_memory_high_watermark 0.000001");
            node().ctl("set_vm_memory_high_watermark 0.4");
            return "memory alarm";
        }
        case 5:
            proxy.limit(20'000);
            ::poll(nullptr, 0, 1000);  // the fault itself: a second of a slow network
            proxy.limit(0);
            return "slow";
        default: {
            const auto cuts = proxy.cuts();
            proxy.cut_after(either, random() % 30'000);
            becomes([&] { return proxy.cuts() > cuts; }, 2s);
            proxy.cut_no_more();
            return "cut";
        }
    }
}

// The time from one fault until the next begins: a fault's doubled messages come in it, and its
// lost messages are published by its end.
struct Spell {
    std::string fault;
    std::uint64_t last_submitted = 0;
    std::uint64_t doubled = 0;
};

// Prints for each kind of fault how often it came, and the messages lost and doubled in its spells.
std::string table(const std::vector<Spell>& spells, const std::vector<std::uint64_t>& missing) {
    struct Row {
        int times = 0;
        std::uint64_t lost = 0;
        std::uint64_t doubled = 0;
        std::uint64_t most_doubled = 0;
    };
    std::map<std::string, Row> rows;
    for (const auto& spell : spells) {
        auto& row = rows[spell.fault];
        ++row.times;
        row.doubled += spell.doubled;
        row.most_doubled = std::max(row.most_doubled, spell.doubled);
    }
    for (const auto number : missing) {
        const auto spell = std::ranges::lower_bound(spells, number, {}, &Spell::last_submitted);
        ++rows[spell == spells.end() ? "none" : spell->fault].lost;
    }
    std::ostringstream text;
    text << std::left << std::setw(14) << "fault" << std::right << std::setw(6) << "times"
         << std::setw(6) << "lost" << std::setw(10) << "doubled" << std::setw(10) << "at most"
         << '\n';
    for (const auto& [fault, row] : rows)
        text << std::left << std::setw(14) << fault << std::right << std::setw(6) << row.times
             << std::setw(6) << row.lost << std::setw(10) << row.doubled << std::setw(10)
             << row.most_doubled << '\n';
    return text.str();
}

}  // namespace

TEST_CASE("ledger: across random faults every confirmed message is handled or a dead letter") {
    const std::string queue = "ledger";
    TcpProxy publishing(node_port());
    TcpProxy consuming(node_port());
    Ledger ledger;
    RunningConsumer consumer(
        consuming.url(node().url()), queue,
        [&](const mq::Delivered& delivered) { return ledger.judge(delivered); },
        [](work::ConsumerOptions& options) { options.retry.delay = 500ms; }, 2s);
    auto source = std::make_unique<Source>(publishing.url(node().url()), queue, ledger);
    // Queues that RabbitMQ would forget if it were killed now do not concern airy.
    REQUIRE(becomes([&] { return consumer.status().retried > 0; }));
    for (const char* suffix : {"", ".dlq", ".retry.500"})
        node().wait_until_kept(queue + suffix);

    const unsigned seed = std::random_device()();
    CAPTURE(seed);
    std::mt19937 random(seed);
    std::vector<Spell> spells;
    const auto deadline =
        steady_clock::now() + std::chrono::seconds(setting("AIRY_TEST_LEDGER_SECONDS", 300));
    const auto wanted = setting("AIRY_TEST_LEDGER_MESSAGES", 200'000);
    auto doubled_before = ledger.doubled();
    while (steady_clock::now() < deadline || source->submitted() < wanted) {
        auto name = fault(random, publishing, consuming);
        const auto handled = consumer.status().handled;
        becomes([&] { return consumer.status().handled > handled + 500; }, 10s);
        const auto doubled = ledger.doubled();
        spells.push_back({std::move(name), source->submitted(), doubled - doubled_before});
        doubled_before = doubled;
    }
    source->end();
    CHECK_FALSE(source->lost());

    std::set<std::uint64_t> dead;
    const auto all_there = [&] {
        if (ledger.missing(dead).empty()) return true;
        for (const auto& body : drain_queue(queue + ".dlq"))
            dead.insert(std::stoull(body));
        return ledger.missing(dead).empty();
    };
    const auto ended = steady_clock::now();
    const bool complete = becomes(all_there, 300s);
    const auto waited =
        std::chrono::duration_cast<std::chrono::seconds>(steady_clock::now() - ended);
    spells.back().doubled += ledger.doubled() - doubled_before;
    const auto status = consumer.status();
    const auto result = consumer.stop();
    CHECK(complete);
    const auto missing = ledger.missing(dead);
    if (!complete) {
        std::string numbers;
        for (std::size_t i = 0; i < missing.size() && i < 300; ++i)
            numbers += " " + std::to_string(missing[i]);
        const auto topology = mq::connect(endpoint(node().url()))->topology();
        for (const char* suffix : {"", ".dlq", ".retry.500"})
            numbers += "; " + std::to_string(topology->check_queue(queue + suffix).ready) +
                       " ready in " + queue + suffix;
        MESSAGE("missing:", numbers);
    }
    CHECK(ledger.confirmed.size() == source->submitted());
    CHECK_FALSE(result.error);
    CHECK(ledger.out_of_order == 0);
    const auto doubled = ledger.doubled();
    MESSAGE(table(spells, missing));
    MESSAGE(ledger.confirmed.size(), " confirmed, ", missing.size(), " lost, ", doubled,
            " handled twice, ", dead.size(), " dead letters, ", status.reconnects,
            " reconnects, the last handled ", waited.count(), " s after ", spells.size(),
            " faults; seed ", seed);
    CHECK(doubled <= spells.size() * 2 * (window + taken_ahead + 1));
}

}  // namespace airy::test
