// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <poll.h>
#include <stdlib.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <filesystem>

#include "command.hpp"
#include "demo/child.hpp"
#include "environment.hpp"
#include "event/envelope.hpp"
#include "event_types.hpp"
#include "inspect/control_client.hpp"
#include "mq/broker.hpp"
#include "mq/outcome.hpp"
#include "options.hpp"
#include "output/metrics.hpp"
#include "output/progress.hpp"
#include "output/stream.hpp"
#include "reconnect_option.hpp"
#include "util/error.hpp"
#include "util/signals.hpp"
#include "util/system_failure.hpp"

namespace airy::tools {
namespace {

using std::chrono::steady_clock;

// Airy's work after a post is published; each step has a queue and a pool of its own.
struct Step {
    const char* queue;
    const char* slots;
    const char* seconds;  // that its handler takes, as sleep(1) reads it
};
constexpr std::array steps = {
    Step{"airy.demo.search-index", "16", "0.002"},
    Step{"airy.demo.feeds", "32", "0.010"},
    Step{"airy.demo.notifications", "32", "0.020"},
};

constexpr const char* exchange = "airy.demo";  // not Airy's own: its consumers get none
constexpr const char* topic = "post.published";
constexpr std::chrono::milliseconds tick{50};
constexpr std::chrono::seconds patience{120};  // for each of the demo's stages
constexpr std::chrono::milliseconds demo_close_deadline{2000};

// The embedded broker's directory when no broker is named: mode 0700, removed unless kept.
class TemporaryDirectory {
  public:
    explicit TemporaryDirectory(bool keep)
        : path_(environment("TMPDIR").value_or("/tmp") + "/airy-demo.XXXXXX"), keep_(keep) {
        if (::mkdtemp(path_.data()) == nullptr)
            throw util::system_failure(fmt::format("cannot make the directory {}", path_), errno);
    }
    ~TemporaryDirectory() {
        std::error_code ignored;
        if (!keep_) std::filesystem::remove_all(path_, ignored);
    }
    TemporaryDirectory(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

    const std::string& path() const noexcept { return path_; }

  private:
    std::string path_;
    const bool keep_;
};

struct Interrupted {
    int signal;
};

class Demo final : public Command {
  public:
    void add_options(cli::App& app) override;
    int run() override;

  private:
    void clear_left_overs(mq::Broker& broker);
    void start_consumers(const mq::Endpoint& endpoint);
    void wait_for_consumers();
    void publish(mq::Broker& broker);
    void wait_until_handled();
    void report();
    void clean_up(mq::Broker& broker);

    // Throws Interrupted, or Error when a child has ended or the time is up.
    void pause(steady_clock::time_point deadline, std::string_view stage);
    // The consumers of this demo, with their state now, in the order of `steps`.
    std::vector<inspect::Consumer> consumers() const;

    std::uint64_t posts_ = 1000;
    bool keep_ = false;
    BrokerOptions broker_;

    std::unique_ptr<util::SignalFd> signals_;
    std::vector<demo::Child> children_;
    steady_clock::time_point start_;
};

void Demo::add_options(cli::App& app) {
    app.footer(
        "Makes the exchange airy.demo and three queues of its own, starts a consumer for each,\n"
        "publishes the posts, shows what the pools and queues did, and takes it all away again.\n"
        "Where no broker is named it uses the embedded one, in a temporary file.");
    app.option("--posts", posts_, "how many posts to publish; default 1000")
        .type_name("N")
        .between(1, 1'000'000);
    app.flag("--keep", keep_, "leave the exchange and the queues where they are");
    broker_.add(app);
}

// Removes the messages of a killed demo; this demo would count them as its own.
void Demo::clear_left_overs(mq::Broker& broker) {
    const auto topology = broker.topology();
    for (const auto& step : steps)
        for (const std::string& queue : {std::string(step.queue), std::string(step.queue) + ".dlq"})
            try {
                if (topology->check_queue(queue).consumers > 0)
                    throw Error(ErrorKind::general,
                                fmt::format("another process consumes from {}", queue),
                                "does another demo run on this broker? wait for its end");
                topology->delete_queue(queue, false, false);
            } catch (const Error& error) {
                if (error.kind() != ErrorKind::not_found) throw;
            }
}

void Demo::start_consumers(const mq::Endpoint& endpoint) {
    for (const auto& step : steps)
        children_.push_back(demo::start_airy(
            endpoint,
            {"consume", topic, "--queue", step.queue, "--exchange", exchange, "--pool-size",
             step.slots, "--for", "30m", "--quiet", "--", "sleep", step.seconds}));
}

std::vector<inspect::Consumer> Demo::consumers() const {
    std::vector<inspect::Consumer> mine;
    const auto all = inspect::list_consumers();
    for (const auto& child : children_) {
        const auto at = std::ranges::find(all, child.pid(), &inspect::Consumer::pid);
        if (at != all.end() && at->status) mine.push_back(*at);
    }
    return mine;
}

void Demo::pause(steady_clock::time_point deadline, std::string_view stage) {
    pollfd waiting{signals_->fd(), POLLIN, 0};
    ::poll(&waiting, 1, static_cast<int>(tick.count()));
    if (const auto signal = signals_->take()) throw Interrupted{*signal};
    for (auto& child : children_)
        if (const auto status = child.ended())
            throw Error(ErrorKind::general,
                        fmt::format("a consumer of the demo ended with exit status {}", *status),
                        "its messages stand above");
    if (steady_clock::now() > deadline)
        throw Error(ErrorKind::timeout, fmt::format("the demo got no further: {}", stage));
}

void Demo::wait_for_consumers() {
    const auto deadline = steady_clock::now() + patience;
    const auto runs = [](const inspect::Consumer& consumer) {
        return consumer.status->state == work::ConsumerState::running;
    };
    while (std::ranges::count_if(consumers(), runs) < static_cast<std::ptrdiff_t>(steps.size()))
        pause(deadline, "not every consumer runs");
}

void Demo::publish(mq::Broker& broker) {
    mq::PublisherOptions options;
    options.exchange = {exchange, true};
    const auto publisher = broker.publisher(options);
    output::Progress progress("posts confirmed");
    std::uint64_t sent = 0;
    std::uint64_t confirmed = 0;
    const auto deadline = steady_clock::now() + patience;
    while (confirmed < posts_) {
        for (; sent < posts_; ++sent) {
            const std::vector<std::pair<std::string, std::string>> fields = {
                {"post_id", std::to_string(sent + 1)},
                {"author_id", std::to_string(sent % 97 + 1)},
                {"title", fmt::format("Post number {}", sent + 1)}};
            auto message =
                event::to_message(event::from_fields(catalogue(), topic, fields, {}), exchange);
            if (publisher->try_submit(message) == 0) break;
        }
        pollfd waiting[] = {{publisher->event_fd(), POLLIN, 0}, {signals_->fd(), POLLIN, 0}};
        ::poll(waiting, 2, static_cast<int>(tick.count()));
        if (const auto signal = signals_->take()) throw Interrupted{*signal};
        mq::take_outcomes(*publisher, [&confirmed](const mq::Outcome& outcome) {
            if (!outcome.delivered())
                throw Error(ErrorKind::undelivered, "a post of the demo was not delivered");
            ++confirmed;
        });
        progress.show(confirmed, static_cast<double>(confirmed) / static_cast<double>(posts_));
        if (steady_clock::now() > deadline)
            throw Error(ErrorKind::undelivered, "the broker did not confirm the demo's posts");
    }
    progress.clear();
    publisher->close(demo_close_deadline);
    const double seconds = std::chrono::duration<double>(steady_clock::now() - start_).count();
    output::print(fmt::format("published {} posts in {:.2f} s, each confirmed by the broker\n",
                              output::with_commas(posts_), seconds));
    output::flush();
}

void Demo::wait_until_handled() {
    output::Progress progress("messages handled");
    const auto deadline = steady_clock::now() + patience;
    const std::uint64_t all = posts_ * steps.size();
    for (;;) {
        std::uint64_t settled = 0;
        for (const auto& consumer : consumers())
            settled += consumer.status->handled + consumer.status->dead_lettered;
        if (settled >= all) break;
        progress.show(settled, static_cast<double>(settled) / static_cast<double>(all));
        pause(deadline, "not every message is handled");
    }
    const double seconds = std::chrono::duration<double>(steady_clock::now() - start_).count();
    progress.clear();
    output::print(fmt::format("{} messages handled by {} consumers in {:.2f} s\n\n",
                              output::with_commas(all), steps.size(), seconds));
}

void Demo::report() {
    const auto all = consumers();
    output::print(output::pool_table(all));
    std::uint64_t handled = 0;
    std::uint64_t failed = 0;
    for (const auto& consumer : all) {
        handled += consumer.status->handled;
        failed += consumer.status->failed;
    }
    output::print("\n");
    if (failed > 0 || handled < posts_ * steps.size())
        throw Error(ErrorKind::handler, fmt::format("{} handled, {} failed of {}", handled, failed,
                                                    posts_ * steps.size()));
}

void Demo::clean_up(mq::Broker& broker) {
    for (auto& child : children_)
        child.ask_to_end();
    for (auto& child : children_)
        child.end();
    const auto topology = broker.topology();
    for (const auto& step : steps) {
        const std::string queue = step.queue;
        const auto state = topology->check_queue(queue);
        output::print(
            fmt::format("{}: {} ready, {} consumers\n", queue, state.ready, state.consumers));
        if (keep_) continue;
        topology->delete_queue(queue, false, false);
        topology->delete_queue(queue + ".dlq", false, false);
    }
    if (keep_)
        output::print(fmt::format("kept: the exchange {} and its queues\n", exchange));
    else
        topology->delete_exchange(exchange);
}

int Demo::run() {
    signals_ = std::make_unique<util::SignalFd>();
    auto endpoint = broker_.endpoint("demo");
    std::optional<TemporaryDirectory> directory;
    if (!broker_.named()) {
        directory.emplace(keep_);
        endpoint.url = "sqlite:" + directory->path() + "/airy.db";
    }
    // A signal ends only the first connection: the later ones clean up after one.
    auto first = endpoint;
    first.interrupt_fd = signals_->fd();
    std::string server;
    if (const auto signal = connect_or_signal(
            *signals_, [&] { server = mq::connect(first)->topology()->server(); }))
        return 128 + *signal;
    const auto broker = mq::connect(endpoint);
    output::print(fmt::format("broker: {} at {}\n", server,
                              output::shown_line(mq::masked_url(endpoint.url))));
    output::flush();
    int code = 0;
    std::exception_ptr failure;
    clear_left_overs(*broker);
    try {
        start_consumers(endpoint);
        wait_for_consumers();
        start_ = steady_clock::now();
        publish(*broker);
        wait_until_handled();
        report();
    } catch (const Interrupted& interrupted) {
        code = 128 + interrupted.signal;
    } catch (const Error&) {
        failure = std::current_exception();
    }
    try {
        clean_up(*broker);
    } catch (const Error&) {
        // A queue that was never made cannot be deleted; the first failure matters more.
        if (!failure && code == 0) throw;
    }
    if (failure) std::rethrow_exception(failure);
    return code;
}

}  // namespace

std::unique_ptr<Command> make_demo() {
    return std::make_unique<Demo>();
}

}  // namespace airy::tools
