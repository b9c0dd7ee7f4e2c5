// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
// A consumer whose broker, network or handler fails.
#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <future>
#include <map>
#include <set>

#include "consumer_fixture.hpp"
#include "util/fd.hpp"

namespace airy::test {
namespace {

using std::chrono::steady_clock;
using work::Verdict;

// Publishes these bodies, confirmed.
void publish(const std::string& exchange, std::uint64_t first, std::uint64_t last) {
    const auto broker = mq::connect(endpoint(node().url()));
    const auto publishing = publisher(*broker, exchange);
    std::uint64_t next = first;
    std::uint64_t confirmed = 0;
    REQUIRE(becomes([&] {
        while (next <= last) {
            auto numbered = message(exchange, std::to_string(next));
            if (publishing->try_submit(numbered) == 0) break;
            ++next;
        }
        for (const auto& event : publishing->take())
            if (std::holds_alternative<mq::Confirmed>(event)) ++confirmed;
        return confirmed == last - first + 1;
    }));
    publishing->close(patience);
}

// The messages handled so far. Any thread.
class Seen {
  public:
    void add(const std::string& body) {
        const std::lock_guard lock(mutex_);
        ++counts_[body];
        times_[body].push_back(steady_clock::now());
    }
    std::size_t different() const {
        const std::lock_guard lock(mutex_);
        return counts_.size();
    }
    std::size_t all() const {
        const std::lock_guard lock(mutex_);
        std::size_t sum = 0;
        for (const auto& [body, count] : counts_)
            sum += count;
        return sum;
    }
    std::vector<steady_clock::time_point> times(const std::string& body) const {
        const std::lock_guard lock(mutex_);
        const auto found = times_.find(body);
        return found == times_.end() ? std::vector<steady_clock::time_point>{} : found->second;
    }

  private:
    mutable std::mutex mutex_;
    std::map<std::string, std::size_t> counts_;
    std::map<std::string, std::vector<steady_clock::time_point>> times_;
};

bool port_is_open() {
    const util::Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(node_port());
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

std::chrono::milliseconds since(steady_clock::time_point time) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(steady_clock::now() - time);
}

}  // namespace

TEST_CASE("the broker is killed or stopped under a consumer: every message is handled") {
    for (const bool killed : {true, false}) {
        CAPTURE(killed);
        const std::string queue = killed ? "consumed.killed" : "consumed.stopped";
        Seen seen;
        RunningConsumer consumer(node().url(), queue, [&](const mq::Delivered& delivered) {
            seen.add(delivered.message.body);
            ::poll(nullptr, 0, 1);  // a handler that takes its time
            return Verdict::success;
        });
        node().wait_until_kept(queue);
        publish(queue, 1, 2000);
        REQUIRE(becomes([&] { return seen.different() >= 100; }));
        if (killed)
            node().kill();
        else
            node().stop();
        const auto before = seen.all();
        auto restarted = std::async(std::launch::async, [] { node().restart(); });
        REQUIRE(becomes([] { return !port_is_open(); }));
        REQUIRE(becomes(port_is_open));
        const auto open = steady_clock::now();
        REQUIRE(becomes([&] { return consumer.status().reconnects >= 1 && seen.all() > before; }));
        MESSAGE("first message handled ", since(open).count(), " ms after the port opened");
        CHECK(becomes([&] { return seen.different() == 2000; }));
        CHECK(seen.all() - 2000 <= 21);  // the prefetch, and settlements under way
        restarted.get();
        const auto result = consumer.stop();
        CHECK(result.settled);
        CHECK_FALSE(result.error);
        CHECK(drain_queue(queue).empty());
    }
}

TEST_CASE("no retry comes before its delay, and half of them within 5 % and 50 ms of it") {
    Seen seen;
    const std::string queue = "retried";
    RunningConsumer consumer(
        node().url(), queue,
        [&](const mq::Delivered& delivered) {
            seen.add(delivered.message.body);
            return delivered.attempts < 2 ? Verdict::retry : Verdict::success;
        },
        [](work::ConsumerOptions& options) {
            options.slots = 10;
            options.retry.delay = 1s;
        });
    publish(queue, 0, 0);  // the first retry makes the queues
    REQUIRE(becomes([&] { return consumer.status().handled == 1; }));
    publish(queue, 1, 100);
    REQUIRE(becomes([&] { return consumer.status().handled == 101; }));
    // How late one retry comes depends on the machine's other work; so the middle counts.
    std::vector<std::chrono::milliseconds> late;
    std::vector<double> beyond;  // lateness, in parts of what is allowed
    for (int i = 1; i <= 100; ++i) {
        const auto times = seen.times(std::to_string(i));
        REQUIRE(times.size() == 3);
        for (std::size_t k = 1; k < 3; ++k) {
            const auto wanted = std::chrono::milliseconds(1000 * k);
            const auto took = times[k] - times[k - 1];
            CHECK(took >= wanted * 0.95 - 5ms);
            CHECK(took < 2 * wanted + 50ms);
            beyond.push_back((took - wanted) / (wanted * 0.05 + 50ms));
            late.push_back(std::chrono::duration_cast<std::chrono::milliseconds>(took - wanted));
        }
    }
    std::ranges::sort(late);
    std::ranges::sort(beyond);
    CHECK(beyond[beyond.size() / 2] <= 1.0);
    MESSAGE(late.size(), " retries of 1 s and 2 s came ", late[late.size() / 2].count(),
            " ms after their delay in the middle, ", late.front().count(), " to ",
            late.back().count(), " ms in all");
    CHECK(consumer.stop().retried == 202);
}

TEST_CASE("a retry whose queue was deleted meanwhile declares it again") {
    Seen seen;
    const std::string queue = "retry.deleted";
    RunningConsumer consumer(
        node().url(), queue,
        [&](const mq::Delivered& delivered) {
            seen.add(delivered.message.body);
            return delivered.attempts == 0 ? Verdict::retry : Verdict::success;
        },
        [](work::ConsumerOptions& options) { options.retry.delay = 100ms; });
    publish(queue, 1, 1);
    REQUIRE(becomes([&] { return consumer.status().handled == 1; }));
    mq::connect(endpoint(node().url()))
        ->topology()
        ->delete_queue(queue + ".retry.100", false, false);
    publish(queue, 2, 2);
    CHECK(becomes([&] { return consumer.status().handled == 2; }));
    CHECK(seen.times("2").size() == 2);
}

TEST_CASE("connections cut while messages are settled: no message is lost") {
    const std::string queue = "letters.cut";
    TcpProxy proxy(node_port());
    Seen handled;
    RunningConsumer consumer(
        proxy.url(node().url()), queue,
        [&](const mq::Delivered& delivered) {
            const auto number = std::stoull(delivered.message.body);
            if (number % 10 == 0) return Verdict::reject;
            if (number % 3 == 0 && delivered.attempts == 0) return Verdict::retry;
            handled.add(delivered.message.body);
            return Verdict::success;
        },
        [](work::ConsumerOptions& options) { options.retry.delay = 100ms; });
    publish(queue, 1, 1000);
    std::set<std::string> dead;
    for (int cut = 0; cut < 10; ++cut) {
        const auto seen = handled.different();
        becomes([&] { return handled.different() > seen + 20; }, 2s);
        proxy.cut();
    }
    CHECK(becomes([&] { return handled.different() == 900; }));
    CHECK(becomes([&] {
        for (auto& body : drain_queue(queue + ".dlq"))
            dead.insert(std::move(body));
        return dead.size() == 100;
    }));
    MESSAGE("handled twice: ", handled.all() - 900);
    const auto result = consumer.stop();
    CHECK_FALSE(result.error);
}

TEST_CASE("a handler beyond the broker's consumer_timeout: its message comes again") {
    const std::string queue = "too.slow";
    node().ctl(
        "eval 'application:set_env(rabbit, consumer_timeout, 1000), "
        "application:set_env(rabbit, channel_tick_interval, 500).'");
    const auto broker = mq::connect(endpoint(node().url()));
    declare(queue);
    publish(queue, 1, 1);
    const auto reading = subscribe(*broker, queue);
    REQUIRE(comes<mq::Delivered>(*reading));
    CHECK(comes<mq::Interrupted>(*reading, 20s));  // not Lost, though the broker says 406
    bool again = false;
    CHECK(take_until(*reading, [&](const auto& event) {
        if (const auto* delivered = std::get_if<mq::Delivered>(&event)) {
            again = delivered->redelivered;
            reading->settle(delivered->handle, mq::Disposition::ack);
        }
        return std::holds_alternative<mq::Delivered>(event);
    }));
    CHECK(again);
    CHECK(reading->close(patience));
    node().ctl(
        "eval 'application:set_env(rabbit, consumer_timeout, 1800000), "
        "application:set_env(rabbit, channel_tick_interval, 60000).'");
}

TEST_CASE("a disk alarm: publishers wait, then lose nothing") {
    const auto queue = declare("disk.alarm");
    const auto broker = mq::connect(endpoint(node().url()));
    const auto publishing = publisher(*broker, queue);
    node().ctl("set_disk_free_limit 999999999999999");
    auto first = message(queue, "1");
    REQUIRE(publishing->try_submit(first) == 1);
    CHECK(comes<mq::Blocked>(*publishing));
    node().ctl("set_disk_free_limit 50MB");
    bool unblocked = false;
    CHECK(take_until(*publishing, [&](const auto& event) {
        unblocked = unblocked || std::holds_alternative<mq::Unblocked>(event);
        return std::holds_alternative<mq::Confirmed>(event);
    }));
    CHECK((unblocked || comes<mq::Unblocked>(*publishing)));
}

}  // namespace airy::test
