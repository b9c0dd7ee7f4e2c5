// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
// The embedded broker among many processes, and among processes that are killed.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "mq/broker.hpp"
#include "temporary_directory.hpp"
#include "util/error.hpp"
#include "util/fd.hpp"

namespace airy::mq {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr auto patience = 60s;
constexpr std::uint64_t prefetch = 20;

// A running embedded_child with its stdout.
class Child {
  public:
    explicit Child(std::vector<std::string> arguments) {
        int ends[2];
        REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
        out_.reset(ends[0]);
        const util::Fd write_end(ends[1]);
        posix_spawn_file_actions_t actions;
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_adddup2(&actions, write_end.get(), STDOUT_FILENO);
        arguments.insert(arguments.begin(), AIRY_EMBEDDED_CHILD);
        std::vector<char*> argv;
        for (auto& argument : arguments)
            argv.push_back(argument.data());
        argv.push_back(nullptr);
        REQUIRE(::posix_spawn(&pid_, AIRY_EMBEDDED_CHILD, &actions, nullptr, argv.data(),
                              environ) == 0);
        posix_spawn_file_actions_destroy(&actions);
    }
    ~Child() { kill(); }
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;

    int fd() const noexcept { return out_.get(); }

    // The numbers in whole lines read since the last call; remembers an end of file.
    std::vector<std::uint64_t> read_some() {
        char buffer[65536];
        const auto size = ::read(out_.get(), buffer, sizeof buffer);
        if (size <= 0) {
            ended_ = true;
            return {};
        }
        text_.append(buffer, static_cast<std::size_t>(size));
        std::vector<std::uint64_t> out;
        std::size_t start = 0;
        for (auto end = text_.find('\n'); end != std::string::npos; end = text_.find('\n', start)) {
            const auto line = text_.substr(start, end - start);
            out.push_back(std::stoull(line.substr(line.find(' ') + 1)));
            start = end + 1;
        }
        text_.erase(0, start);
        return out;
    }
    bool ended() const noexcept { return ended_; }

    void kill() {
        if (pid_ < 0) return;
        ::kill(pid_, SIGKILL);
        wait();
    }
    int wait() {
        int status = 0;
        ::waitpid(pid_, &status, 0);
        pid_ = -1;
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }

  private:
    pid_t pid_ = -1;
    util::Fd out_;
    std::string text_;
    bool ended_ = false;
};

std::unique_ptr<Topology> topology(const std::string& url, const std::string& queue) {
    Endpoint endpoint;
    endpoint.url = url;
    auto made = connect(endpoint)->topology();
    QueueSpec spec;
    spec.name = queue;
    made->declare_queue(spec);
    return made;
}

// The lines of publishers and consumers so far.
class Account {
  public:
    void take(Child& child, bool publisher) {
        for (const auto number : child.read_some()) {
            if (publisher)
                confirmed_.insert(number);
            else
                ++got_[number];
            ++lines_;
        }
    }
    std::uint64_t lines() const noexcept { return lines_; }
    std::size_t confirmed() const noexcept { return confirmed_.size(); }

    std::size_t missing() const {
        std::size_t count = 0;
        for (const auto number : confirmed_)
            count += !got_.contains(number);
        return count;
    }
    std::size_t duplicates() const {
        std::size_t count = 0;
        for (const auto& [number, times] : got_)
            count += times - 1;
        return count;
    }

  private:
    std::set<std::uint64_t> confirmed_;
    std::map<std::uint64_t, std::size_t> got_;
    std::uint64_t lines_ = 0;
};

void poll_both(Account& account, Child& publisher, Child& consumer) {
    pollfd ready[] = {{publisher.fd(), POLLIN, 0}, {consumer.fd(), POLLIN, 0}};
    ::poll(ready, 2, 100);
    if (ready[0].revents != 0) account.take(publisher, true);
    if (ready[1].revents != 0) account.take(consumer, false);
}

}  // namespace

TEST_CASE("processes killed at random: no confirmed message is lost, few come twice") {
    constexpr int rounds = 200;
    test::BrokerDirectory directory;
    const auto declared = topology(directory.url(), "work");
    std::random_device device;
    const auto seed = device();
    MESSAGE("seed " << seed);
    std::mt19937 random(seed);
    Account account;
    std::uint64_t first = 1;
    const auto start_publisher = [&] {
        first += 1'000'000;
        return std::make_unique<Child>(
            std::vector<std::string>{"publish", directory.url(), "work", std::to_string(first)});
    };
    const auto start_consumer = [&] {
        return std::make_unique<Child>(
            std::vector<std::string>{"consume", directory.url(), "work", std::to_string(prefetch)});
    };
    auto publisher = start_publisher();
    auto consumer = start_consumer();
    int consumers_killed = 0;
    for (int round = 0; round < rounds; ++round) {
        const auto enough = account.lines() + random() % 400;
        const auto deadline = steady_clock::now() + patience;
        while (account.lines() < enough && steady_clock::now() < deadline) {
            poll_both(account, *publisher, *consumer);
            REQUIRE_FALSE(publisher->ended());
            REQUIRE_FALSE(consumer->ended());
        }
        REQUIRE(account.lines() >= enough);
        const auto victim = random() % 3;  // publisher, consumer, both
        if (victim != 1) {
            publisher->kill();
            while (!publisher->ended())
                account.take(*publisher, true);
            publisher = start_publisher();
        }
        if (victim != 0) {
            consumer->kill();
            ++consumers_killed;
            while (!consumer->ended())
                account.take(*consumer, false);
            consumer = start_consumer();
        }
    }
    publisher->kill();
    while (!publisher->ended())
        account.take(*publisher, true);
    const auto deadline = steady_clock::now() + patience;
    while (account.missing() > 0 && steady_clock::now() < deadline)
        account.take(*consumer, false);
    MESSAGE(account.confirmed() << " confirmed, " << account.duplicates() << " came twice");
    CHECK(account.missing() == 0);
    // Messages delivered and not yet acknowledged in the file.
    CHECK(account.duplicates() <= static_cast<std::size_t>(consumers_killed) * prefetch);
}

TEST_CASE("a killed process's messages come back at once, marked; its own queue is gone") {
    test::BrokerDirectory directory;
    const auto declared = topology(directory.url(), "work");
    Endpoint endpoint;
    endpoint.url = directory.url();
    const auto broker = connect(endpoint);
    Child holder({"hold", directory.url(), "work", "5"});
    Child listener({"hold", directory.url(), "", "5"});
    Child publisher({"publish", directory.url(), "work", "1", "3"});
    REQUIRE(publisher.wait() == 0);
    std::size_t held = 0;
    while (held < 3 && !holder.ended())
        held += holder.read_some().size();
    REQUIRE(held == 3);
    SubscribeOptions options;
    options.queue = "work";
    const auto heir = broker->subscribe(options);
    REQUIRE(heir->take().empty());
    const auto killed = steady_clock::now();
    holder.kill();

    std::vector<SubscriptionEvent> events;
    while (events.size() < 3 && steady_clock::now() < killed + patience) {
        pollfd ready{heir->event_fd(), POLLIN, 0};
        ::poll(&ready, 1, 1000);
        for (auto& event : heir->take())
            events.push_back(std::move(event));
    }
    const auto taken = std::chrono::duration<double, std::milli>(steady_clock::now() - killed);
    MESSAGE("after " << taken.count() << " ms");
    REQUIRE(events.size() == 3);
    for (const auto& event : events) {
        const auto& delivered = std::get<Delivered>(event);
        CHECK(delivered.redelivered);
        CHECK(delivered.message.headers ==
              event::HeaderTable{{"x-delivery-count", {std::int64_t{1}}}});
    }

    REQUIRE(listener.read_some().size() == 1);  // the listener's queue exists
    CHECK(broker->inventory({}).queues.size() == 2);
    listener.kill();
    CHECK(broker->inventory({}).queues.size() == 1);
}

TEST_CASE("two hundred processes at once") {
    constexpr std::size_t processes = 200;
    constexpr std::uint64_t each = 10;
    test::BrokerDirectory directory;
    std::vector<std::unique_ptr<Child>> children;
    const auto declared = topology(directory.url(), "work");
    for (std::size_t i = 0; i < processes; ++i)
        children.push_back(std::make_unique<Child>(
            std::vector<std::string>{"publish", directory.url(), "work",
                                     std::to_string(1 + i * each), std::to_string(each)}));
    for (auto& child : children)
        CHECK(child->wait() == 0);
    CHECK(declared->check_queue("work").ready == processes * each);
}

}  // namespace airy::mq
