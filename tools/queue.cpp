// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include <fmt/core.h>
#include <fnmatch.h>

#include <algorithm>
#include <charconv>
#include <functional>
#include <string>
#include <vector>

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
#include "output/words.hpp"
#include "queue_arguments.hpp"
#include "queue_bindings.hpp"
#include "queue_removal.hpp"
#include "queue_show.hpp"
#include "queue_transfers.hpp"
#include "util/clock.hpp"
#include "util/error.hpp"
#include "util/json_writer.hpp"
#include "util/text.hpp"

namespace airy::tools {
namespace {

constexpr std::size_t longest_work_queue_name = 240;  // 255 bytes less .retry.MILLISECONDS

// `k=v`: a whole number, true or false keeps its type, any other value is text. Throws
// Error{usage}.
event::HeaderField parse_argument(const std::string& text) {
    const auto equals = text.find('=');
    if (equals == std::string::npos || equals == 0)
        throw Error(ErrorKind::usage,
                    fmt::format("--arg {} is not of the form NAME=VALUE", output::quoted(text)),
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

class Queue final : public Command {
  public:
    void add_options(cli::App& app) override {
        app.require_subcommand();
        add_shared(app);
        add_list(app);
        add_show(app);
        add_declare(app);
        add_bindings(app);
        add_removal(app);
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
        return app.subcommand(name, summary,
                              [this, action = std::move(action)] { action_ = action; });
    }

    void add_list(cli::App& app) {
        auto sub =
            subcommand(app, "ls", "the queues of the virtual host", [this] { return list(); });
        sub.option("QUEUE", names_, "only these; all when none is named");
        sub.option("--match", match_, "only queues whose name matches this shell pattern")
            .type_name("PATTERN");
        add_shared(sub);
    }

    void add_show(cli::App& app) {
        auto sub = subcommand(
            app, "show", "one queue: properties, limits, bindings, dead letters and retries",
            [this] {
                return show_queue(*mq::connect(endpoint()), names_.front(), output_.json());
            });
        sub.option("QUEUE", names_, "which").required().only_one();
        add_shared(sub);
    }

    void add_declare(cli::App& app) {
        auto sub =
            subcommand(app, "declare",
                       "make a work queue with its dead-letter queue, as consume does, if it "
                       "is not there yet",
                       [this] { return declare(); });
        sub.option("QUEUE", names_, "its name").required().only_one();
        sub.option("--bind", patterns_,
                   "bind it to this pattern of the exchange, which is declared too; repeatable")
            .type_name("PATTERN")
            .one_each();
        sub.flag("--plain", plain_,
                 "only a durable queue, without dead-letter queue and limits; a stream always is");
        sub.option("--type", type_, "quorum, classic or stream")
            .one_of({"quorum", "classic", "stream"})
            .type_name("TYPE")
            .show_default();
        sub.option("--arg", arguments_,
                   "an argument of the queue, e.g. x-max-length=1000; repeatable")
            .type_name("NAME=VALUE")
            .one_each();
        own_arguments_.add(sub);
        exchange_.add(sub);
        add_shared(sub);
        exchange_.add(app);
    }

    void add_bindings(cli::App& app) {
        auto bind = subcommand(app, "bind", "bind a queue that is there to patterns", [this] {
            exchange_.resolve();
            return bindings_.bind(endpoint(), exchange_.name, output_.json());
        });
        bindings_.add_bind(bind, exchange_);
        add_shared(bind);
        auto unbind = subcommand(app, "unbind", "take bindings of a queue away", [this] {
            exchange_.resolve();
            return bindings_.unbind(endpoint(), exchange_.name, output_.json());
        });
        bindings_.add_unbind(unbind, exchange_);
        add_shared(unbind);
    }

    void add_removal(cli::App& app) {
        auto remove = subcommand(
            app, "delete",
            "delete queues with their messages; of several, existing ones are deleted even when "
            "others are missing (exit 7)",
            [this] { return removal_.remove(endpoint(), caution_, output_.json()); });
        removal_.add_delete(remove);
        add_caution(remove);
        auto purge =
            subcommand(app, "purge",
                       "throw away the messages that are ready; those that a consumer holds stay",
                       [this] { return removal_.purge(endpoint(), caution_, output_.json()); });
        removal_.add_purge(purge);
        add_caution(purge);
    }

    void add_transfers(cli::App& app) {
        auto peek = subcommand(app, "peek", "look at messages without taking them",
                               [this] { return transfers_.peek(endpoint(), output_.json()); });
        transfers_.add_peek(peek);
        management_.add(peek);
        broker_.add(peek);
        auto move =
            subcommand(app, "move", "move messages to another queue, each confirmed there", [this] {
                return transfers_.move(endpoint(), caution_.yes, caution_.dry_run, output_.json());
            });
        transfers_.add_move(move);
        add_caution(move);
    }

    void add_caution(cli::App& sub) {
        caution_.add(sub);
        add_shared(sub);
    }

    mq::Endpoint endpoint() const {
        auto endpoint = broker_.endpoint("queue");
        management_.apply(endpoint);
        return endpoint;
    }

    int list() {
        output::Progress progress("queues", output::Progress::Output::afterwards);
        auto inventory =
            mq::connect(endpoint())
                ->inventory({.queues = names_, .match = match_, .progress = progress.of_parts()});
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
        event::HeaderTable arguments;
        for (const auto& argument : arguments_) {
            auto read = parse_argument(argument);
            if (std::ranges::find(arguments, read.first, &event::HeaderField::first) !=
                arguments.end())
                throw Error(ErrorKind::usage,
                            fmt::format("--arg gives {} twice", output::quoted(read.first)));
            arguments.push_back(std::move(read));
        }
        own_arguments_.append_to(arguments, type_);
        for (const auto& pattern : patterns_)
            event::check_pattern(pattern);
        if (patterns_.empty() && !exchange_.name.empty())
            throw Error(ErrorKind::usage, "--exchange has no effect without --bind",
                        "--bind PATTERN says what the queue gets of it");
        exchange_.resolve();

        const auto endpoint = broker_.endpoint("queue");
        if (type_ == "stream") require_streams(endpoint.url);
        own_arguments_.require_of(endpoint.url);
        const auto broker = mq::connect(endpoint);
        print_declared(plain() ? declare_plain(*broker, std::move(arguments))
                               : declare_work_queue(*broker, std::move(arguments)));
        return 0;
    }

    // A stream keeps its messages: no dead letters come of it.
    bool plain() const { return plain_ || type_ == "stream"; }

    static void require_streams(const std::string& url) {
        try {
            mq::require(url, mq::Capability::stream_queue);
        } catch (const Error& error) {
            throw error.hinted("--type quorum or classic, or the --url of a RabbitMQ");
        }
    }

    mq::QueueState declare_plain(mq::Broker& broker, event::HeaderTable arguments) const {
        mq::QueueSpec spec;
        spec.name = names_.front();
        spec.type = type_;
        spec.arguments = std::move(arguments);
        const auto topology = broker.topology();
        if (!patterns_.empty()) topology->declare_exchange({exchange_.name, "topic", true});
        auto state = topology->declare_queue(spec);
        for (const auto& pattern : patterns_)
            topology->bind(spec.name, exchange_.name, pattern);
        return state;
    }

    mq::QueueState declare_work_queue(mq::Broker& broker, event::HeaderTable arguments) const {
        mq::WorkQueueSpec spec;
        spec.name = names_.front();
        if (spec.name.size() > longest_work_queue_name)
            throw Error(ErrorKind::usage,
                        fmt::format("the name of a work queue has at most {} bytes",
                                    longest_work_queue_name),
                        "the names of its retry queues are longer; --plain takes up to 255");
        spec.type = type_;
        spec.arguments = std::move(arguments);
        spec.patterns = patterns_;
        if (!patterns_.empty()) spec.exchange = exchange_.name;
        return broker.declare_work_queue(spec);
    }

    std::string dead_letter_queue() const {
        return plain() ? std::string() : mq::dead_letter_queue_of(names_.front());
    }

    void print_declared(const mq::QueueState& state) const {
        if (output_.json()) {
            output::print(util::JsonObject()
                              .add("queue", state.name)
                              .add("name", state.name)
                              .add("type", type_)
                              .add("ready", state.ready)
                              .add("consumers", state.consumers)
                              .add("dead_letter_queue", util::null_if_empty(dead_letter_queue()))
                              .add("exchange",
                                   patterns_.empty() ? std::nullopt : std::optional(exchange_.name))
                              .add("bindings", util::JsonArray(patterns_))
                              .line());
            return;
        }
        if (common_options().quiet) return;
        std::string text =
            fmt::format("{}: {} queue, {} ready, {}", util::printable(state.name), type_,
                        state.ready, output::counted(state.consumers, "consumer"));
        if (const auto letters = dead_letter_queue(); !letters.empty())
            text += fmt::format(", dead letters in {}", util::printable(letters));
        for (const auto& pattern : patterns_)
            text += fmt::format(", bound to {} of {}", util::printable(pattern),
                                util::printable(exchange_.name));
        output::print(text + "\n");
    }

    QueueBindings bindings_;
    QueueRemoval removal_;
    Caution caution_;
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
    QueueArguments own_arguments_;
    bool plain_ = false;
};

}  // namespace

std::unique_ptr<Command> make_queue() {
    return std::make_unique<Queue>();
}

}  // namespace airy::tools
