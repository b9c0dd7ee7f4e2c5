// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include <fmt/core.h>
#include <poll.h>

#include <chrono>
#include <functional>

#include "check/verdict.hpp"
#include "command.hpp"
#include "complaints.hpp"
#include "event/envelope.hpp"
#include "event_types.hpp"
#include "hints.hpp"
#include "inspect/control_client.hpp"
#include "management_option.hpp"
#include "mq/broker.hpp"
#include "mq/inventory.hpp"
#include "mq/outcome.hpp"
#include "mq/schemes.hpp"
#include "options.hpp"
#include "output/stream.hpp"
#include "util/error.hpp"
#include "util/system_failure.hpp"
#include "util/uuid.hpp"

namespace airy::tools {
namespace {

using check::Bounds;
using check::Figure;
using check::State;
using check::Verdict;
using std::chrono::steady_clock;

using Duration = std::optional<std::chrono::nanoseconds>;
using Count = std::optional<std::uint64_t>;

std::optional<double> seconds(const Duration& duration) {
    if (!duration) return std::nullopt;
    return std::chrono::duration<double>(*duration).count();
}

std::optional<double> number(const Count& count) {
    if (!count) return std::nullopt;
    return static_cast<double>(*count);
}

class Check final : public Command {
  public:
    void add_options(cli::App& app) override {
        app.footer(
            "One line and an exit code as Nagios plugins have them: 0 OK, 1 WARNING, 2 CRITICAL,\n"
            "3 UNKNOWN. --max and --min are critical bounds, --warn ones warn.");
        app.require_subcommand();
        add_shared(app);
        add_queue(app);
        add_pool(app);
        add_flow(app);
        add_broker(app);
    }

    int run() override {
        Verdict verdict(kind_ + (name_.empty() ? "" : " " + name_));
        try {
            action_(verdict);
        } catch (const Error& error) {
            if (error.kind() == ErrorKind::usage) output::complain(error.what(), hint_for(error));
            verdict.raise(state_of(error), error.what());
        }
        return told(verdict) ? verdict.exit_code() : static_cast<int>(State::unknown);
    }

  private:
    // An unwritten verdict is UNKNOWN. The usual exit code of an error would mean WARNING.
    bool told(const Verdict& verdict) const {
        try {
            output::print(output_.json() ? verdict.json() : verdict.text());
            output::flush();
            return true;
        } catch (const Error& error) {
            output::complain(error.what(), hint_for(error));
        } catch (const output::Closed&) {
            output::complain("cannot write to stdout: its reader is gone", "");
        }
        return false;
    }

    // A missing or unreachable subject is CRITICAL: the check exists to report it.
    State state_of(const Error& error) const {
        if (error.kind() == ErrorKind::usage || error.subject() == util::this_process)
            return State::unknown;
        if (error.kind() == ErrorKind::not_found || error.kind() == ErrorKind::timeout)
            return State::critical;
        const bool about_it = kind_ == "broker" || kind_ == "flow";
        return about_it && error.kind() != ErrorKind::general ? State::critical : State::unknown;
    }

    void add_shared(cli::App& app) {
        output_.add(app);
        management_.add(app);
        broker_.add(app);
    }

    cli::App subcommand(cli::App& app, const std::string& name, const std::string& summary,
                        void (Check::*action)(Verdict&)) {
        auto sub = app.subcommand(name, summary, [this, name, action] {
            kind_ = name;
            action_ = [this, action](Verdict& verdict) { (this->*action)(verdict); };
        });
        add_shared(sub);
        return sub;
    }

    void add_queue(cli::App& app) {
        auto sub = subcommand(app, "queue", "a queue's length, age and consumers", &Check::queue);
        sub.option("QUEUE", name_, "which").required();
        sub.option("--max-ready", max_ready_, "most messages ready").type_name("N");
        sub.option("--warn-ready", warn_ready_, "warn above this many").type_name("N");
        sub.duration("--max-age", max_age_,
                     "of the oldest message, where the broker tells it (RabbitMQ: classic queues, "
                     "publishers that set a timestamp)");
        sub.duration("--warn-age", warn_age_, "warn above this age");
        sub.option("--min-consumers", min_consumers_, "fewest consumers").type_name("N");
    }

    void add_pool(cli::App& app) {
        auto sub = subcommand(app, "pool", "a consumer that runs on this host", &Check::pool);
        sub.option("CONSUMER", name_, "its name or its pid").required();
        sub.option("--max-waiting", max_waiting_, "most messages waiting for a slot")
            .type_name("N");
        sub.option("--warn-waiting", warn_waiting_, "warn above this many").type_name("N");
        sub.duration("--max-p99", max_p99_, "99th percentile of the handler's time");
        sub.duration("--warn-p99", warn_p99_, "warn above this");
    }

    void add_flow(cli::App& app) {
        auto sub = subcommand(app, "flow",
                              "publish a probe through the exchange to a queue of its own, and "
                              "time the way there and back from connecting on",
                              &Check::flow);
        sub.duration("--max-latency", max_latency_, "from connecting until the probe is back");
        sub.duration("--warn-latency", warn_latency_, "warn above this");
        sub.duration("--timeout", timeout_, "critical when the probe has not come by then [10s]");
        exchange_.add(sub);
    }

    void add_broker(cli::App& app) {
        auto sub = subcommand(app, "broker",
                              "reachable, login, exchange there and of the right type, alarms",
                              &Check::broker);
        exchange_.add(sub);
    }

    void queue(Verdict& verdict) {
        auto endpoint = broker_.endpoint("check");
        management_.apply(endpoint);
        const auto inventory = mq::connect(endpoint)->inventory({.queues = {name_}});
        raise(inventory.missing);
        const auto& queue = inventory.queues.front().queue;
        verdict.add(
            {"ready", number(queue.ready), "", {number(warn_ready_), number(max_ready_)}, {}});
        verdict.add({"consumers", number(queue.consumers), "", {}, {{}, number(min_consumers_)}});
        verdict.add({"unacked", number(queue.unacked), "", {}, {}});
        verdict.add({"age",
                     seconds(mq::oldest_age(queue, util::system_clock().now())),
                     "s",
                     {seconds(warn_age_), seconds(max_age_)},
                     {}});
        if (!inventory.degraded.empty()) verdict.remark(inventory.degraded);
    }

    void pool(Verdict& verdict) {
        const auto consumers = inspect::list_consumers();
        const auto& consumer = inspect::find_consumer(consumers, name_);
        if (!consumer.status) {
            verdict.raise(State::critical, "it does not answer");
            return;
        }
        const auto& status = *consumer.status;
        const auto count = [](std::size_t value) { return static_cast<double>(value); };
        verdict.add({"waiting",
                     count(status.waiting),
                     "",
                     {number(warn_waiting_), number(max_waiting_)},
                     {}});
        // No handler has run yet: that is not a slow handler.
        const auto p99 = std::chrono::duration<double>(status.run.p99).count();
        verdict.add({"p99", p99, "s", {seconds(warn_p99_), seconds(max_p99_)}, {}});
        verdict.add({"running", count(status.running), "", {}, {}});
        verdict.add({"cap", count(status.cap), "", {}, {}});
        verdict.add({"failed", count(status.failed), "", {}, {}});
        verdict.remark(std::string(work::to_string(status.state)));
    }

    void flow(Verdict& verdict) {
        exchange_.resolve();
        const auto endpoint = broker_.endpoint("check");
        // A blocked broker delays connecting and subscribing as well as the probe.
        const auto start = steady_clock::now();
        const auto broker = connected_in_time(endpoint, start);
        // The subscribers of `#` read the probe: it has the form of an event.
        const std::string topic = "airy.probe." + util::uuid_v4();
        mq::SubscribeOptions subscribe;
        subscribe.exchange.name = exchange_.name;
        subscribe.patterns = {topic};
        const auto subscription = broker->subscribe(subscribe);
        mq::PublisherOptions options;
        options.exchange.name = exchange_.name;
        const auto publisher = connected_in_time(endpoint, start)->publisher(options);
        auto probe = event::to_message(
            event::complete(catalogue(), "{}", {.topic = topic, .custom = true}), exchange_.name);
        probe.properties.delivery_mode = 1;
        // In queues that nobody reads it is gone soon.
        probe.properties.expiration =
            std::to_string(std::chrono::ceil<std::chrono::milliseconds>(*timeout_).count());
        publisher->try_submit(probe);
        const auto came = wait_for_probe(*subscription, *publisher, start);
        const auto deadline = std::chrono::milliseconds(1000);
        publisher->close(deadline);
        subscription->close(deadline);
        if (!came || *came > *timeout_)
            verdict.raise(State::critical, fmt::format("the probe did not come within {:.3g} s",
                                                       *seconds(timeout_)));
        if (came)
            verdict.add({"latency",
                         seconds(came),
                         "s",
                         {seconds(warn_latency_), seconds(max_latency_)},
                         {}});
    }

    // Connections of it are made within what is left of --timeout.
    std::unique_ptr<mq::Broker> connected_in_time(mq::Endpoint endpoint,
                                                  steady_clock::time_point start) const {
        const auto left =
            std::chrono::ceil<std::chrono::milliseconds>(start + *timeout_ - steady_clock::now());
        endpoint.connect_timeout =
            std::clamp(left, std::chrono::milliseconds(1), endpoint.connect_timeout);
        return mq::connect(endpoint);
    }

    Duration wait_for_probe(mq::Subscription& subscription, mq::Publisher& publisher,
                            steady_clock::time_point start) const {
        for (;;) {
            mq::take_outcomes(publisher, [](const mq::Outcome& outcome) {
                if (!outcome.delivered())
                    throw Error(ErrorKind::undelivered, "the broker did not take the probe");
            });
            for (const auto& event : subscription.take()) {
                if (std::holds_alternative<mq::Delivered>(event))
                    return steady_clock::now() - start;
                if (const auto* lost = std::get_if<mq::Lost>(&event))
                    std::rethrow_exception(lost->error);
            }
            const auto left = std::chrono::ceil<std::chrono::milliseconds>(start + *timeout_ -
                                                                           steady_clock::now());
            if (left.count() <= 0) return std::nullopt;
            pollfd waiting[] = {{subscription.event_fd(), POLLIN, 0},
                                {publisher.event_fd(), POLLIN, 0}};
            ::poll(waiting, 2, static_cast<int>(std::min<std::int64_t>(left.count(), 1'000'000)));
        }
    }

    void broker(Verdict& verdict) {
        exchange_.resolve();
        auto endpoint = broker_.endpoint("check");
        management_.apply(endpoint);
        const auto start = steady_clock::now();
        const auto broker = mq::connect(endpoint);
        const auto topology = broker->topology();
        const Duration took = steady_clock::now() - start;
        verdict.remark(topology->server());
        topology->check_exchange(exchange_.name);
        try {
            topology->declare_exchange({exchange_.name, "topic", true});
        } catch (const Error& error) {
            // A user who may not declare cannot learn the type this way. The exchange exists:
            // enough.
            if (error.reason() != Reason::access_refused) throw;
            verdict.remark("the type of the exchange is not known: " + std::string(error.what()));
        }
        verdict.add({"connect", seconds(took), "s", {}, {}});
        if (!mq::scheme_of(endpoint.url).can.has(mq::Capability::alarms)) return;
        try {
            const auto alarms = broker->alarms();
            for (const auto& alarm : alarms)
                verdict.raise(State::critical, "alarm: " + alarm);
            for (const auto& concern : broker->concerns())
                verdict.raise(State::warning, concern);
            verdict.add({"alarms", static_cast<double>(alarms.size()), "", {}, {}});
        } catch (const Error& error) {
            verdict.remark("alarms are not known: " + std::string(error.what()));
        }
    }

    std::string kind_;
    std::string name_;
    std::function<void(Verdict&)> action_;
    Count max_ready_;
    Count warn_ready_;
    Count min_consumers_;
    Duration max_age_;
    Duration warn_age_;
    Count max_waiting_;
    Count warn_waiting_;
    Duration max_p99_;
    Duration warn_p99_;
    Duration max_latency_;
    Duration warn_latency_;
    Duration timeout_ = std::chrono::seconds(10);
    OutputOption output_;
    ManagementOption management_;
    BrokerOptions broker_;
    ExchangeOption exchange_;
};

}  // namespace

std::unique_ptr<Command> make_check() {
    return std::make_unique<Check>();
}

// Monitoring shows the first line of stdout, and takes exit code 1 for a warning.
int report_check(const Error& error) {
    output::complain(error.what(), hint_for(error));
    Verdict verdict("check");
    verdict.raise(State::unknown, error.what());
    try {
        output::print(verdict.text());
        output::flush();
    } catch (const Error&) {  // the complaint is on stderr
    } catch (const output::Closed&) {
    }
    return verdict.exit_code();
}

}  // namespace airy::tools
