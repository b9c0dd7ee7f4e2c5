// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
// The time from the reopening of the broker's port to the first handled message, of real consumers,
// each with a queue of waiting messages.
//   recovery AIRY node OUTAGES   the node is killed and started again
//   recovery AIRY port OUTAGES   the port, a proxy's, is closed for 0.5 to 8 s; the node runs on
// A sample is one consumer at one outage. Prints the percentiles of all.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <memory>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "mq/amqp/url.hpp"
#include "mq/broker.hpp"
#include "private_rabbit.hpp"
#include "tcp_proxy.hpp"
#include "util/fd.hpp"

using namespace std::chrono_literals;
using namespace airy;
using std::chrono::steady_clock;

namespace {

constexpr std::size_t consumers = 4;
constexpr int backlog = 20'000;  // a consumer handles 20 a second
constexpr auto patience = 60s;
const char* const exchange = "recovery";

// `airy consume` with a handler that writes a line and takes its time.
class Consumer {
  public:
    Consumer(const std::string& airy, const std::string& url, const std::string& queue)
        : queue_(queue) {
        int ends[2];
        if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("pipe2");
        out_.reset(ends[0]);
        const util::Fd in(ends[1]);
        std::vector<std::string> words = {
            airy,    "consume", "#",          "--queue", queue,
            "--url", url,       "--exchange", exchange,  "--pool-size",
            "1",     "--",      "/bin/sh",    "-c",      "echo; exec sleep 0.05"};
        std::vector<char*> argv;
        for (auto& word : words)
            argv.push_back(word.data());
        argv.push_back(nullptr);
        posix_spawn_file_actions_t actions;
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_adddup2(&actions, in.get(), STDOUT_FILENO);
        const int error = ::posix_spawn(&pid_, argv[0], &actions, nullptr, argv.data(), environ);
        posix_spawn_file_actions_destroy(&actions);
        if (error != 0) throw std::runtime_error("cannot run " + airy);
    }
    ~Consumer() {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
    Consumer(const Consumer&) = delete;
    Consumer& operator=(const Consumer&) = delete;

    const std::string& queue() const { return queue_; }
    int out() const { return out_.get(); }

    // Reads the consumer's output; false when there is none.
    bool wrote() {
        bool any = false;
        std::array<char, 4096> buffer;
        pollfd ready{out_.get(), POLLIN, 0};
        while (::poll(&ready, 1, 0) == 1) {
            if (::read(out_.get(), buffer.data(), buffer.size()) <= 0)
                throw std::runtime_error("a consumer ended");
            any = true;
        }
        return any;
    }

  private:
    const std::string queue_;
    util::Fd out_;
    pid_t pid_ = 0;
};

void publish_backlog(const std::string& url) {
    mq::Endpoint endpoint;
    endpoint.url = url;
    const auto broker = mq::connect(endpoint);
    mq::PublisherOptions options;
    options.exchange.name = exchange;
    const auto publisher = broker->publisher(options);
    int open = 0;
    for (int submitted = 0; submitted < backlog || open > 0;) {
        event::Message message;
        message.exchange = exchange;
        message.topic = "post.published";
        message.properties.delivery_mode = 2;
        message.body = "{}";
        if (submitted < backlog && publisher->try_submit(message) != 0) {
            ++submitted;
            ++open;
            continue;
        }
        pollfd ready{publisher->event_fd(), POLLIN, 0};
        ::poll(&ready, 1, 100);
        for (const auto& event : publisher->take()) {
            if (!std::holds_alternative<mq::Confirmed>(event))
                throw std::runtime_error("the backlog was not confirmed");
            --open;
        }
    }
    publisher->close(5s);
}

bool is_open(std::uint16_t port) {
    const util::Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

using Consumers = std::vector<std::unique_ptr<Consumer>>;

// Waits until each consumer has written something since `from`; appends each time, in ms.
void wait_for_all(Consumers& all, steady_clock::time_point from, std::vector<double>& samples) {
    std::vector<bool> done(all.size());
    while (std::ranges::find(done, false) != done.end()) {
        if (steady_clock::now() - from > patience)
            throw std::runtime_error("a consumer handled nothing for a minute");
        std::vector<pollfd> waiting;
        for (std::size_t i = 0; i < all.size(); ++i)
            waiting.push_back({done[i] ? -1 : all[i]->out(), POLLIN, 0});
        ::poll(waiting.data(), waiting.size(), 1000);
        const std::chrono::duration<double, std::milli> took = steady_clock::now() - from;
        for (std::size_t i = 0; i < all.size(); ++i)
            if (!done[i] && all[i]->wrote()) {
                done[i] = true;
                samples.push_back(took.count());
            }
    }
}

// Handlers begun before the loss of the connection may still write.
void forget(Consumers& all) {
    for (auto& consumer : all)
        consumer->wrote();
}

void report(std::vector<double> samples, int outages) {
    std::ranges::sort(samples);
    const auto part = [&](double p) {
        const auto rank = static_cast<std::size_t>(p * static_cast<double>(samples.size()) + 0.999);
        return samples[std::clamp<std::size_t>(rank, 1, samples.size()) - 1];
    };
    std::printf(
        "port open to first message handled, ms: %zu samples of %d outages; "
        "p50 %.0f  p90 %.0f  p99 %.0f  max %.0f   goal p99 <= 1000\n",
        samples.size(), outages, part(0.5), part(0.9), part(0.99), samples.back());
}

void run(const std::string& airy, bool node_itself, int outages) {
    const test::PrivateRabbit node;
    const auto node_port = mq::amqp::parse_amqp_url(node.url()).port;
    std::optional<test::TcpProxy> proxy;
    if (!node_itself) proxy.emplace(node_port);
    const auto proxy_port = proxy ? proxy->port() : std::uint16_t{0};
    Consumers all;
    const auto url = proxy ? proxy->url(node.url()) : node.url();
    for (std::size_t i = 0; i < consumers; ++i)
        all.push_back(std::make_unique<Consumer>(airy, url, "recovery." + std::to_string(i)));
    for (const auto& consumer : all)
        for (const char* suffix : {"", ".dlq"})
            node.wait_until_kept(consumer->queue() + suffix);
    publish_backlog(node.url());
    std::vector<double> samples;
    wait_for_all(all, steady_clock::now(), samples);
    samples.clear();

    std::mt19937 random(1);
    std::uniform_int_distribution<int> closed_ms(500, 8000);
    for (int outage = 0; outage < outages; ++outage) {
        std::future<void> restarted;
        if (proxy) {
            proxy.reset();
            std::this_thread::sleep_for(std::chrono::milliseconds(closed_ms(random)));
            forget(all);
            proxy.emplace(node_port, proxy_port);
        } else {
            node.kill();
            while (is_open(node_port))  // the kernel may be a moment behind
                std::this_thread::yield();
            restarted = std::async(std::launch::async, [&] { node.restart(); });
            while (!is_open(node_port))
                std::this_thread::sleep_for(1ms);
            forget(all);
        }
        wait_for_all(all, steady_clock::now(), samples);
        if (restarted.valid()) restarted.get();
    }
    report(std::move(samples), outages);
}

}  // namespace

int main(int argc, char** argv) {
    const std::string mode = argc == 4 ? argv[2] : "";
    if (mode != "node" && mode != "port") {
        std::fprintf(stderr, "usage: recovery AIRY node|port OUTAGES\n");
        return 2;
    }
    try {
        run(argv[1], mode == "node", std::atoi(argv[3]));
    } catch (const std::exception& error) {
        std::fprintf(stderr, "recovery: %s\n", error.what());
        return 1;
    }
}
