// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include <fmt/core.h>
#include <fnmatch.h>

#include <algorithm>
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
#include "queue_removal.hpp"
#include "queue_transfers.hpp"
#include "util/clock.hpp"
#include "util/error.hpp"
#include "util/json_writer.hpp"
#include "util/text.hpp"
#include "util/timestamp.hpp"

namespace airy::tools {
namespace {

constexpr std::string_view suffix = ".dlq";

// `search` of `search.dlq`, the name as `queue ls` prints it.
std::string work_queue_of(const std::string& name) {
    return name.size() > suffix.size() && name.ends_with(suffix)
               ? name.substr(0, name.size() - suffix.size())
               : name;
}

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
        app.footer(
            "QUEUE is the work queue: `search`, or `search.dlq`, the queue of its dead letters. "
            "Dead\n"
            "letters elsewhere are named by --dlq.");
        app.require_subcommand();
        output_.add(app);
        add_shared(app);
        auto ls = subcommand(app, "ls", "dead letters by queue, reason and age",
                             [this] { return list(); });
        ls.option("QUEUE", queues_, "only of these work queues; all when none is named");
        last_look_.add(ls);
        ls.option("--match", match_, "only work queues whose name matches this shell pattern")
            .type_name("PATTERN");
        add_letters(ls);
        output_.add(ls);
        add_shared(ls);
        auto show =
            subcommand(app, "show", "print dead letters, under their own topics, and take none",
                       [this] { return show_letters(); });
        add_queue(show);
        shown_.add_where(show);
        shown_.add_count(show, "show no more than this; 0: all [100]");
        last_look_.add(show);
        add_letters(show);
        format_.add(show);
        add_shared(show);
        auto requeue =
            subcommand(app, "requeue", "send dead letters back to their queue, or another",
                       [this] { return send_back(); });
        add_queue(requeue);
        requeue.option("--to", to_, "to this queue instead").type_name("QUEUE");
        requeued_.add_where(requeue);
        requeued_.add_count(requeue, "send back no more than this; 0: all [0]");
        requeued_.add_rate(requeue);
        add_caution(requeue);
        auto purge = subcommand(app, "purge", "throw away all dead letters of queues",
                                [this] { return throw_away(); });
        purge.option("QUEUE", queues_, "the work queues' names");
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
        app.option("QUEUE", queues_, "the work queue's name").only_one();
    }
    void add_letters(cli::App& app) {
        app.option("--dlq", letters_, "the dead-letter queue, where it is not QUEUE.dlq")
            .type_name("QUEUE");
    }
    void add_shared(cli::App& app) {
        management_.add(app);
        broker_.add(app);
    }
    void add_caution(cli::App& app) {
        add_letters(app);
        caution_.add(app);
        output_.add(app);
        add_shared(app);
    }

    // The dead-letter queue of an operand.
    std::string letters_of(const std::string& queue) const {
        if (!letters_.empty()) return letters_;
        return mq::dead_letter_queue_of(work_queue_of(queue));
    }

    // The one operand. With --dlq alone, the name of that queue stands for it.
    std::string the_queue() const {
        if (!queues_.empty()) return work_queue_of(queues_.front());
        if (letters_.empty())
            throw Error(ErrorKind::usage, "no queue is named",
                        "name the work queue, or its dead letters: --dlq QUEUE");
        return letters_;
    }

    bool matches(const std::string& name) const {
        return match_.empty() || ::fnmatch(match_.c_str(), name.c_str(), 0) == 0;
    }

    // The work queues that the operands name, each once: `search` and `search.dlq` are one.
    std::vector<std::string> named_queues() const {
        std::vector<std::string> names;
        for (const auto& name : queues_)
            if (auto queue = work_queue_of(name); std::ranges::find(names, queue) == names.end())
                names.push_back(std::move(queue));
        return names;
    }

    // The work queues whose dead letters the command shows.
    std::vector<std::string> wanted_queues(mq::Broker& broker) const {
        if (!letters_.empty()) return {the_queue()};
        auto names = named_queues();
        if (queues_.empty()) {
            output::Progress progress("queues", output::Progress::Output::afterwards);
            const auto all = broker.inventory({.counts = false,
                                               .match = "*" + std::string(suffix),
                                               .progress = progress.of_parts()});
            for (const auto& report : all.queues)  // also of others whose names hold the suffix
                if (report.queue.name.ends_with(suffix))
                    names.push_back(work_queue_of(report.queue.name));
        }
        std::erase_if(names, [this](const std::string& name) { return !matches(name); });
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
                          .add("name", queue)
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
        return show_messages(*mq::connect(endpoint), letters_of(the_queue()), shown_,
                             format_.chosen(output_.json()), signals);
    }

    int send_back() {
        const auto queue = the_queue();
        if (queues_.empty() && to_.empty())
            throw Error(ErrorKind::usage, "it is not said which queue gets the dead letters",
                        "name the work queue, or another one: --to QUEUE");
        mq::Transfer what;
        what.from = letters_of(queue);
        what.to = to_.empty() ? queue : to_;
        if (what.from == what.to)
            throw Error(ErrorKind::usage, "--to: the dead letters are in this queue already");
        what.as = mq::TransferAs::work;
        if (!caution_.dry_run &&
            !agreed(fmt::format("send the dead letters of '{}' to '{}'", util::printable(queue),
                                util::printable(what.to)),
                    caution_.yes))
            return 1;
        util::SignalFd signals;
        auto endpoint = broker_.endpoint("dlq");
        management_.apply(endpoint);
        endpoint.interrupt_fd = signals.fd();
        endpoint.look_to_the_last = caution_.yes;
        return move_messages(*mq::connect(endpoint), std::move(what), requeued_, caution_.dry_run,
                             output_.json(), signals);
    }

    int throw_away() {
        auto queues = named_queues();
        if (queues_.empty() || !letters_.empty()) queues = {the_queue()};
        const auto topology = mq::connect(broker_.endpoint("dlq"))->topology();
        std::vector<Error> complaints;
        std::uint64_t messages = 0;
        std::string names;
        std::erase_if(queues, [&](const std::string& queue) {
            try {
                messages += topology->check_queue(letters_of(queue)).ready;
            } catch (const Error& error) {
                if (error.kind() == ErrorKind::unreachable) throw;
                complaints.push_back(error);
                return true;
            }
            names += (names.empty() ? "'" : ", '") + util::printable(queue) + "'";
            return false;
        });
        if (!caution_.dry_run && !queues.empty() &&
            !agreed(fmt::format("throw away {} dead letters of {}", messages, names), caution_.yes))
            return 1;
        for (const auto& queue : queues)
            report_purged(queue, caution_.dry_run ? topology->check_queue(letters_of(queue)).ready
                                                  : topology->purge_queue(letters_of(queue)));
        raise(complaints);
        return 0;
    }

    void report_purged(const std::string& queue, std::uint64_t messages) const {
        const bool done = !caution_.dry_run;
        if (output_.json())
            output::print(util::JsonObject()
                              .add("queue", queue)
                              .add("name", queue)
                              .add("dead_letter_queue", letters_of(queue))
                              .add("purged", done)
                              .add("messages", messages)
                              .line());
        else if (!common_options().quiet || !done)
            output::print(fmt::format("{}purged {} dead letter{} of {}\n",
                                      done ? "" : "would have ", messages, messages == 1 ? "" : "s",
                                      util::printable(queue)));
    }

    BrokerOptions broker_;
    ManagementOption management_;
    OutputOption output_;
    LastLookOption last_look_;
    std::function<int()> action_;
    std::vector<std::string> queues_;
    std::string letters_;  // their queue, where the user names it
    std::string match_;
    std::string to_;
    SelectionOptions shown_{{}, 100, {}};
    SelectionOptions requeued_;
    MessageFormatOption format_;
    Caution caution_;
};

}  // namespace

std::unique_ptr<Command> make_dlq() {
    return std::make_unique<Dlq>();
}

}  // namespace airy::tools
