// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include <fmt/core.h>

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "agreement.hpp"
#include "command.hpp"
#include "complaints.hpp"
#include "management_option.hpp"
#include "mq/broker.hpp"
#include "mq/inventory.hpp"
#include "options.hpp"
#include "output/progress.hpp"
#include "output/stream.hpp"
#include "output/table.hpp"
#include "queue_transfers.hpp"
#include "util/clock.hpp"
#include "util/error.hpp"
#include "util/json_writer.hpp"
#include "util/text.hpp"
#include "util/timestamp.hpp"

namespace airy::tools {
namespace {

constexpr std::string_view suffix = ".dlq";

// `3s`, `5m`, `7h`, `9d`: how long ago, to one unit.
std::string age(const std::string& time, util::SystemTime now) {
    const auto then = util::parse_rfc3339(time);
    if (!then) return "-";
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now - *then).count();
    if (seconds < 120) return fmt::format("{}s", std::max<std::int64_t>(seconds, 0));
    if (seconds < 7200) return fmt::format("{}m", seconds / 60);
    if (seconds < 172'800) return fmt::format("{}h", seconds / 3600);
    return fmt::format("{}d", seconds / 86'400);
}

// The dead letters of one queue with the same reason.
struct Group {
    std::uint64_t messages = 0;
    std::string oldest;  // RFC 3339, UTC; empty: not known
    std::string newest;

    void add(const std::string& failed_at) {
        ++messages;
        if (failed_at.empty()) return;
        if (oldest.empty() || failed_at < oldest) oldest = failed_at;
        if (failed_at > newest) newest = failed_at;
    }
};

class Dlq final : public Command {
  public:
    void add_options(cli::App& app) override {
        app.require_subcommand();
        add_shared(app);
        auto ls = subcommand(app, "ls", "dead letters by queue, reason and age",
                             [this] { return list(); });
        ls.option("QUEUE", queues_, "only of these work queues; all when none is named");
        last_look_.add(ls);
        add_shared(ls);
        auto show = subcommand(app, "show", "print dead letters as message lines, taking none",
                               [this] { return show_letters(); });
        add_queue(show);
        shown_.add_where(show);
        shown_.add_limit(show, "show no more than this; 0: all [100]");
        last_look_.add(show);
        add_shared(show);
        auto requeue =
            subcommand(app, "requeue", "send dead letters back to their queue, or another",
                       [this] { return send_back(); });
        add_queue(requeue);
        requeue.option("--to", to_, "to this queue instead").type_name("QUEUE");
        requeued_.add_where(requeue);
        requeued_.add_limit(requeue, "send back no more than this; 0: all [0]");
        requeued_.add_rate(requeue);
        add_caution(requeue);
        auto purge = subcommand(app, "purge", "throw away all dead letters of a queue",
                                [this] { return throw_away(); });
        add_queue(purge);
        add_caution(purge);
    }

    int run() override { return action_(); }

  private:
    cli::App subcommand(cli::App& app, const char* name, const char* summary,
                        std::function<int()> action) {
        return app.subcommand(name, summary,
                              [this, action = std::move(action)] { action_ = action; });
    }
    void add_queue(cli::App& app) {
        app.option("QUEUE", queues_, "the work queue's name").required().only_one();
    }
    void add_shared(cli::App& app) {
        output_.add(app);
        management_.add(app);
        broker_.add(app);
    }
    void add_caution(cli::App& app) {
        app.flag("-y,--yes", yes_, "do not ask; needed where there is no terminal to ask on");
        app.flag("--dry-run", dry_run_, "only say what would happen");
        add_shared(app);
    }

    std::string letters_of(const std::string& queue) const {
        return mq::dead_letter_queue_of(queue);
    }

    // The work queues whose dead letters the command shows.
    std::vector<std::string> wanted_queues(mq::Broker& broker) const {
        if (!queues_.empty()) return queues_;
        output::Progress progress("queues", output::Progress::Output::afterwards);
        const auto inventory =
            broker.inventory({.match = "*" + std::string(suffix), .progress = progress.of_parts()});
        std::vector<std::string> names;
        for (const auto& report : inventory.queues)
            if (const auto& name = report.queue.name; name.ends_with(suffix))
                names.push_back(name.substr(0, name.size() - suffix.size()));
        return names;
    }

    using Groups = std::map<std::string, Group>;  // by reason

    // The groups of one work queue. A signal ends the look early. Throws Error{not_found} for a
    // queue that is not there, and as check_look does.
    Groups groups_of(mq::Broker& broker, const std::string& queue, util::SignalFd& signals,
                     std::optional<int>& signal) const {
        Groups groups;
        const auto see = [&](const mq::Delivered& delivered) {
            const auto account = broker.account_of(delivered);
            groups[account.reason].add(account.failed_at);
            return true;
        };
        const auto look = broker.look_into(letters_of(queue), 0, see, signals);
        signal = look.signal;
        tell_copied(letters_of(queue), look.copied);
        check_look(letters_of(queue), look);
        return groups;
    }

    void print_json(const std::string& queue, const std::string& reason, const Group& group) const {
        output::print(util::JsonObject()
                          .add("queue", queue)
                          .add("dead_letter_queue", letters_of(queue))
                          .add("reason", reason)
                          .add("messages", group.messages)
                          .add("oldest", util::null_if_empty(group.oldest))
                          .add("newest", util::null_if_empty(group.newest))
                          .line());
    }

    int list() {
        auto endpoint = broker_.endpoint("dlq");
        management_.apply(endpoint);
        // A signal ends the question for the queues by its default action.
        const auto wanted = wanted_queues(*mq::connect(endpoint));
        util::SignalFd signals;
        last_look_.apply(endpoint);
        endpoint.interrupt_fd = signals.fd();
        const auto broker = mq::connect(endpoint);
        const auto now = util::system_clock().now();
        output::Table table({{"queue"},
                             {"reason"},
                             {"messages", output::Align::right},
                             {"oldest", output::Align::right},
                             {"newest", output::Align::right}});
        std::vector<Error> complaints;
        for (const auto& queue : wanted) {
            Groups groups;
            std::optional<int> signal;
            try {
                groups = groups_of(*broker, queue, signals, signal);
            } catch (const Error& error) {
                const bool gone = error.kind() == ErrorKind::not_found;
                if (!gone && error.kind() != ErrorKind::general) throw;
                // A queue that was listed, not named, may be gone by now.
                if (!gone || !queues_.empty()) complaints.push_back(error);
            }
            if (signal) return 128 + *signal;
            for (const auto& [reason, group] : groups) {
                if (output_.json())
                    print_json(queue, reason, group);
                else
                    table.add({queue, reason, std::to_string(group.messages),
                               age(group.oldest, now), age(group.newest, now)});
            }
        }
        if (!output_.json()) output::print(table.text());
        output::flush();
        raise(complaints);
        if (!output_.json() && table.empty()) output::note("there are no dead letters");
        return 0;
    }

    int show_letters() {
        util::SignalFd signals;
        auto endpoint = broker_.endpoint("dlq");
        endpoint.interrupt_fd = signals.fd();
        management_.apply(endpoint);
        last_look_.apply(endpoint);
        return show_messages(*mq::connect(endpoint), letters_of(queues_.front()), shown_, signals);
    }

    int send_back() {
        const auto& queue = queues_.front();
        mq::Transfer what;
        what.from = letters_of(queue);
        what.to = to_.empty() ? queue : to_;
        if (what.from == what.to)
            throw Error(ErrorKind::usage, "--to: the dead letters are in this queue already");
        what.as = mq::TransferAs::work;
        if (!dry_run_ && !agreed(fmt::format("send the dead letters of '{}' to '{}'",
                                             util::printable(queue), util::printable(what.to)),
                                 yes_))
            return 1;
        util::SignalFd signals;
        auto endpoint = broker_.endpoint("dlq");
        management_.apply(endpoint);
        endpoint.interrupt_fd = signals.fd();
        endpoint.look_to_the_last = yes_;
        return move_messages(*mq::connect(endpoint), std::move(what), requeued_, dry_run_,
                             output_.json(), signals);
    }

    int throw_away() {
        const auto letters = letters_of(queues_.front());
        const auto topology = mq::connect(broker_.endpoint("dlq"))->topology();
        auto messages = topology->check_queue(letters).ready;
        if (!dry_run_) {
            if (!agreed(fmt::format("throw away {} dead letters of '{}'", messages,
                                    util::printable(queues_.front())),
                        yes_))
                return 1;
            messages = topology->purge_queue(letters);
        }
        if (output_.json())
            output::print(util::JsonObject()
                              .add("queue", queues_.front())
                              .add("purged", !dry_run_)
                              .add("messages", messages)
                              .line());
        else if (!common_options().quiet || dry_run_)
            output::print(fmt::format("{}purged {} dead letter{} of {}\n",
                                      dry_run_ ? "would have " : "", messages,
                                      messages == 1 ? "" : "s", util::printable(queues_.front())));
        return 0;
    }

    BrokerOptions broker_;
    ManagementOption management_;
    OutputOption output_;
    LastLookOption last_look_;
    std::function<int()> action_;
    std::vector<std::string> queues_;
    std::string to_;
    SelectionOptions shown_{{}, 100, {}};
    SelectionOptions requeued_;
    bool yes_ = false;
    bool dry_run_ = false;
};

}  // namespace

std::unique_ptr<Command> make_dlq() {
    return std::make_unique<Dlq>();
}

}  // namespace airy::tools
