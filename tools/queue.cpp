// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include <fmt/core.h>
#include <fnmatch.h>

#include <algorithm>
#include <charconv>
#include <functional>
#include <string>
#include <vector>

#include "agreement.hpp"
#include "command.hpp"
#include "complaints.hpp"
#include "event/topic.hpp"
#include "management_option.hpp"
#include "mq/broker.hpp"
#include "mq/inventory.hpp"
#include "mq/schemes.hpp"
#include "options.hpp"
#include "output/metrics.hpp"
#include "output/progress.hpp"
#include "output/stream.hpp"
#include "queue_transfers.hpp"
#include "util/clock.hpp"
#include "util/error.hpp"
#include "util/json_writer.hpp"
#include "util/text.hpp"

namespace airy::tools {
namespace {

std::string quoted(const std::string& name) {
    return "'" + util::printable(name) + "'";
}

std::string counted(std::uint64_t number, const char* noun) {
    return fmt::format("{} {}{}", number, noun, number == 1 ? "" : "s");
}

// `k=v`: a whole number, true or false keeps its type, any other value is text. Throws
// Error{usage}.
event::HeaderField parse_argument(const std::string& text) {
    const auto equals = text.find('=');
    if (equals == std::string::npos || equals == 0)
        throw Error(ErrorKind::usage,
                    fmt::format("--arg {} is not of the form NAME=VALUE", quoted(text)),
                    "for example --arg x-max-length=1000");
    const auto name = text.substr(0, equals);
    const auto value = text.substr(equals + 1);
    if (name == "x-queue-type")
        throw Error(ErrorKind::usage, "--arg x-queue-type is set by --type",
                    "--type quorum, classic or stream");
    if (value == "true" || value == "false") return {name, {value == "true"}};
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (!value.empty() && error == std::errc() && end == value.data() + value.size())
        return {name, {number}};
    return {name, {value}};
}

// A queue to delete or purge, with its state when it was looked at.
struct Target {
    std::string name;
    mq::QueueState state;
};

class Queue final : public Command {
  public:
    void add_options(cli::App& app) override {
        app.require_subcommand();
        add_shared(app);
        add_list(app);
        add_declare(app);
        add_delete(app);
        add_purge(app);
        add_transfers(app);
    }

    int run() override { return action_(); }

  private:
    void add_shared(cli::App& app) {
        output_.add(app);
        management_.add(app);
        broker_.add(app);
    }

    cli::App subcommand(cli::App& app, const char* name, const char* summary,
                        std::function<int()> action) {
        auto sub =
            app.subcommand(name, summary, [this, action = std::move(action)] { action_ = action; });
        return sub;
    }

    void add_list(cli::App& app) {
        auto sub =
            subcommand(app, "ls", "the queues of the virtual host", [this] { return list(); });
        sub.option("QUEUE", names_, "only these; all when none is named");
        sub.option("--match", match_, "only queues whose name matches this shell pattern")
            .type_name("PATTERN");
        add_shared(sub);
    }

    void add_declare(cli::App& app) {
        auto sub = subcommand(app, "declare", "make a durable queue, if it is not there yet",
                              [this] { return declare(); });
        sub.option("QUEUE", names_, "its name").required().only_one();
        sub.option("--bind", patterns_,
                   "bind it to this pattern of the exchange, which is declared too; repeatable")
            .type_name("PATTERN")
            .one_each();
        sub.option("--type", type_, "quorum, classic or stream")
            .one_of({"quorum", "classic", "stream"})
            .type_name("TYPE")
            .show_default();
        sub.option("--arg", arguments_,
                   "an argument of the queue, e.g. x-max-length=1000; repeatable")
            .type_name("NAME=VALUE")
            .one_each();
        exchange_.add(sub);
        add_shared(sub);
        exchange_.add(app);
    }

    void add_destruction(cli::App& sub) {
        sub.flag("-y,--yes", yes_, "do not ask; needed where there is no terminal to ask on");
        sub.flag("--dry-run", dry_run_, "only say what would happen");
        add_shared(sub);
    }

    void add_delete(cli::App& app) {
        auto sub = subcommand(app, "delete",
                              "delete queues with their messages; of several, existing ones "
                              "are deleted even when others are missing (exit 7)",
                              [this] { return remove(); });
        sub.option("QUEUE", names_, "which").required();
        sub.flag("--if-empty", if_empty_, "only where no message is ready");
        sub.flag("--if-unused", if_unused_, "only where nobody consumes");
        add_destruction(sub);
    }

    void add_purge(cli::App& app) {
        auto sub = subcommand(app, "purge",
                              "throw away the messages that are ready; those that a consumer holds "
                              "stay",
                              [this] { return purge(); });
        sub.option("QUEUE", names_, "which").required().only_one();
        add_destruction(sub);
    }

    void add_transfers(cli::App& app) {
        auto peek = subcommand(app, "peek", "look at messages without taking them",
                               [this] { return transfers_.peek(endpoint()); });
        transfers_.add_peek(peek);
        add_shared(peek);
        auto move = subcommand(
            app, "move", "move messages to another queue, each confirmed there",
            [this] { return transfers_.move(endpoint(), yes_, dry_run_, output_.json()); });
        transfers_.add_move(move);
        add_destruction(move);
    }

    mq::Endpoint endpoint() const {
        auto endpoint = broker_.endpoint("queue");
        management_.apply(endpoint);
        return endpoint;
    }

    int list() {
        const auto endpoint = this->endpoint();
        output::Progress progress("queues", output::Progress::Output::afterwards);
        auto inventory = mq::connect(endpoint)->inventory(
            {.queues = names_, .match = match_, .progress = progress.of_parts()});
        progress.clear();
        if (!match_.empty())
            std::erase_if(inventory.queues, [this](const mq::QueueReport& report) {
                return ::fnmatch(match_.c_str(), report.queue.name.c_str(), 0) != 0;
            });
        const auto now = util::system_clock().now();
        if (!output_.json()) output::print(output::queue_table(inventory.queues));
        if (output_.json())
            for (const auto& report : inventory.queues)
                output::print(output::queue_json(report, now));
        output::flush();
        if (!inventory.degraded.empty())
            output::note(inventory.degraded + "; ready and consumers are from a passive declare");
        raise(inventory.missing);
        if (inventory.queues.empty())
            output::note(match_.empty() ? "there are no queues" : "no queue matches " + match_);
        return 0;
    }

    int declare() {
        const auto& name = names_.front();
        if (name.empty()) throw Error(ErrorKind::usage, "a queue to declare must have a name");
        mq::QueueSpec spec;
        spec.name = name;
        spec.type = type_;
        for (const auto& argument : arguments_)
            spec.arguments.push_back(parse_argument(argument));
        for (const auto& pattern : patterns_)
            event::check_pattern(pattern);
        if (patterns_.empty() && !exchange_.name.empty())
            throw Error(ErrorKind::usage, "--exchange has no effect without --bind",
                        "--bind PATTERN says what the queue gets of it");
        exchange_.resolve();

        const auto endpoint = broker_.endpoint("queue");
        if (type_ == "stream") mq::require(endpoint.url, mq::Capability::stream_queue);
        const auto topology = mq::connect(endpoint)->topology();
        if (!patterns_.empty()) topology->declare_exchange({exchange_.name, "topic", true});
        const auto state = topology->declare_queue(spec);
        for (const auto& pattern : patterns_)
            topology->bind(name, exchange_.name, pattern);
        print_declared(state);
        return 0;
    }

    void print_declared(const mq::QueueState& state) const {
        if (output_.json()) {
            output::print(util::JsonObject()
                              .add("queue", state.name)
                              .add("type", type_)
                              .add("ready", state.ready)
                              .add("consumers", state.consumers)
                              .add("exchange",
                                   patterns_.empty() ? std::nullopt : std::optional(exchange_.name))
                              .add("bindings", util::JsonArray(patterns_))
                              .line());
            return;
        }
        if (common_options().quiet) return;
        std::string text = fmt::format("{}: {} queue, {} ready, {}", util::printable(state.name),
                                       type_, state.ready, counted(state.consumers, "consumer"));
        for (const auto& pattern : patterns_)
            text += fmt::format(", bound to {} of {}", util::printable(pattern),
                                util::printable(exchange_.name));
        output::print(text + "\n");
    }

    // Looks at each queue first. A missing queue, and one that --if-empty or --if-unused excludes,
    // becomes a complaint.
    std::vector<Target> look(mq::Topology& topology, std::vector<Error>& complaints) const {
        std::vector<Target> targets;
        for (const auto& name : names_) {
            if (std::ranges::find(targets, name, &Target::name) != targets.end()) continue;
            try {
                const auto state = topology.check_queue(name);
                check_conditions(name, state);
                targets.push_back({name, state});
            } catch (const Error& error) {
                if (error.kind() == ErrorKind::unreachable) throw;
                complaints.push_back(error);
            }
        }
        return targets;
    }

    void check_conditions(const std::string& name, const mq::QueueState& state) const {
        if (if_empty_ && state.ready > 0)
            throw Error(ErrorKind::general,
                        fmt::format("queue {} is not empty: {} ready", quoted(name), state.ready));
        if (if_unused_ && state.consumers > 0)
            throw Error(ErrorKind::general, fmt::format("queue {} is in use: {}", quoted(name),
                                                        counted(state.consumers, "consumer")));
    }

    static std::string summary(const std::vector<Target>& targets) {
        std::uint64_t ready = 0;
        for (const auto& target : targets)
            ready += target.state.ready;
        const auto what = targets.size() == 1 ? "queue " + quoted(targets[0].name)
                                              : counted(targets.size(), "queue");
        return fmt::format("{} with {}", what, counted(ready, "message"));
    }

    void report(const char* verb, const std::string& name, std::uint64_t messages,
                bool done = true) const {
        if (output_.json())
            output::print(util::JsonObject()
                              .add("queue", name)
                              .add(verb, done)
                              .add("messages", messages)
                              .line());
        else if (!common_options().quiet || !done)
            output::print(fmt::format("{}{}: {}, {}\n", done ? "" : "would be ", verb,
                                      util::printable(name), counted(messages, "message")));
    }

    int remove() {
        const auto broker = mq::connect(broker_.endpoint("queue"));
        auto topology = broker->topology();
        std::vector<Error> complaints;
        const auto targets = look(*topology, complaints);
        if (dry_run_) {
            for (const auto& target : targets)
                report("deleted", target.name, target.state.ready, false);
            raise(complaints);
            return 0;
        }
        if (!targets.empty() && !agreed("delete " + summary(targets), yes_)) return 1;
        for (const auto& target : targets) {
            try {
                report("deleted", target.name, delete_one(*broker, topology, target.name));
            } catch (const Error& error) {
                if (error.kind() == ErrorKind::unreachable) throw;
                complaints.push_back(error);
            }
        }
        raise(complaints);
        return 0;
    }

    // The broker checks the conditions of classic queues itself. For the other types RabbitMQ
    // answers 540, which ends the connection; then the state just seen has to do, and a message or
    // consumer that comes in between is not noticed.
    std::uint64_t delete_one(mq::Broker& broker, std::unique_ptr<mq::Topology>& topology,
                             const std::string& name) const {
        if (!if_empty_ && !if_unused_) return topology->delete_queue(name, false, false);
        try {
            return topology->delete_queue(name, if_empty_, if_unused_);
        } catch (const Error& error) {
            if (error.reason() != Reason::not_implemented) throw;
        }
        topology = broker.topology();
        check_conditions(name, topology->check_queue(name));
        return topology->delete_queue(name, false, false);
    }

    int purge() {
        const auto topology = mq::connect(broker_.endpoint("queue"))->topology();
        const auto& name = names_.front();
        const auto state = topology->check_queue(name);
        if (dry_run_) {
            report("purged", name, state.ready, false);
            return 0;
        }
        if (!agreed(fmt::format("throw away {} of queue {}", counted(state.ready, "message"),
                                quoted(name)),
                    yes_))
            return 1;
        report("purged", name, topology->purge_queue(name));
        return 0;
    }

    QueueTransfers transfers_;
    BrokerOptions broker_;
    ManagementOption management_;
    OutputOption output_;
    ExchangeOption exchange_;
    std::function<int()> action_;
    std::vector<std::string> names_;
    std::string match_;
    std::vector<std::string> patterns_;
    std::string type_ = "quorum";
    std::vector<std::string> arguments_;
    bool if_empty_ = false;
    bool if_unused_ = false;
    bool yes_ = false;
    bool dry_run_ = false;
};

}  // namespace

std::unique_ptr<Command> make_queue() {
    return std::make_unique<Queue>();
}

}  // namespace airy::tools
