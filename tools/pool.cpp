// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include <fmt/core.h>

#include <chrono>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "command.hpp"
#include "complaints.hpp"
#include "inspect/control_client.hpp"
#include "inspect/control_directory.hpp"
#include "options.hpp"
#include "output/metrics.hpp"
#include "output/stream.hpp"
#include "settings.hpp"
#include "stats/snapshot.hpp"
#include "util/clock.hpp"
#include "util/duration.hpp"
#include "util/error.hpp"
#include "util/text.hpp"

namespace airy::tools {
namespace {

using inspect::Consumer;
using inspect::ControlOperation;
using work::ConsumerState;
using work::ConsumerStatus;

constexpr auto poll_interval = std::chrono::milliseconds(50);

class Pool final : public Command {
  public:
    void add_options(cli::App& app) override {
        app.require_subcommand();
        output_.add(app);
        auto ls =
            subcommand(app, "ls", "every consumer of this user on this host", [this] { list(); });
        ls.option("CONSUMER", names_, "only these, by name, pid or queue; all when none is named");
        ls.option("--match", match_, "only those whose name matches this shell pattern")
            .type_name("PATTERN");
        auto show = subcommand(app, "show", "everything about one", [this] { this->show(); });
        add_consumer(show);
        auto resize = subcommand(app, "resize", "set how many handlers run at once",
                                 [this] { change(ControlOperation::resize); });
        add_consumer(resize);
        resize.option("N", size_, "handlers at once, 1 or more")
            .required()
            .between(1, most_pool_size);
        add_wait(resize, "until no more than that run");
        auto pause = subcommand(app, "pause", "start no more handlers; running ones continue",
                                [this] { change(ControlOperation::pause); });
        add_consumer(pause);
        add_wait(pause, "until nothing runs any more");
        auto resume = subcommand(app, "resume", "start handlers again after a pause",
                                 [this] { change(ControlOperation::resume); });
        add_consumer(resume);
        add_wait(resume, "until it runs");
        auto drain = subcommand(app, "drain", "take no more, finish running handlers, then end",
                                [this] { change(ControlOperation::drain); });
        add_consumer(drain);
        add_wait(drain, "until it has ended");
        auto cancel = subcommand(app, "cancel", "end the running handler of one message",
                                 [this] { this->cancel(); });
        add_consumer(cancel);
        cancel.option("ID", id_, "the message id, or the event id, as pool show lists it")
            .required();
        cancel.flag("--dead-letter", dead_letter_,
                    "dead-letter the message, instead of trying it again");
    }

    int run() override {
        action_();
        return 0;
    }

  private:
    cli::App subcommand(cli::App& app, const char* name, const char* summary,
                        std::function<void()> action) {
        auto sub =
            app.subcommand(name, summary, [this, action = std::move(action)] { action_ = action; });
        output_.add(sub);
        return sub;
    }

    void add_consumer(cli::App& sub) {
        sub.option("CONSUMER", who_, "its name or its pid").required();
        sub.flag("--all", all_, "every consumer of that name");
    }

    void add_wait(cli::App& sub, const std::string& until) {
        sub.flag("--wait", wait_, "wait " + until);
        sub.duration("--for,--timeout", patience_, "wait no longer than this, then exit 5");
    }

    void list() {
        stats::Selection selection;
        selection.queues = false;
        selection.names = names_;
        selection.match = match_;
        const auto found = stats::look_at_consumers(selection);
        const auto now = util::system_clock().now();
        if (!output_.json()) output::print(output::pool_table(found.consumers));
        if (output_.json())
            for (const auto& consumer : found.consumers)
                output::print(output::pool_json(consumer, now));
        for (const auto& line : found.notes)
            output::note(line);
    }

    const Consumer& the_one_of(const std::vector<Consumer>& consumers) const {
        try {
            return inspect::find_consumer(consumers, who_);
        } catch (const Error& error) {
            if (error.reason() != Reason::several_consumers) throw;
            throw error.hinted(error.hint() + ", or add --all to mean every one");
        }
    }

    // The consumers that the line means. Throws Error{consumer_not_found}, and Error{usage} where
    // several have the name and the line does not say that all are meant.
    std::vector<Consumer> find() const {
        const auto consumers = inspect::list_consumers();
        if (!all_) return {the_one_of(consumers)};
        std::vector<Consumer> found;
        for (const auto& consumer : consumers)
            if (inspect::is_named(consumer, who_)) found.push_back(consumer);
        if (found.empty()) found.push_back(inspect::find_consumer(consumers, who_));
        return found;
    }

    // Throws Error{timeout} if a consumer does not answer.
    void show() {
        bool first = true;
        for (auto& consumer : find()) {
            if (!consumer.status)
                consumer.status = inspect::control(consumer, ControlOperation::status);
            if (!std::exchange(first, false) && !output_.json()) output::print("\n");
            print(consumer, output::pool_details(consumer));
        }
    }

    void print(const Consumer& consumer, const std::string& text) const {
        if (output_.json())
            output::print(output::pool_json(consumer, util::system_clock().now()));
        else
            output::print(text);
    }

    void change(ControlOperation operation) {
        if (patience_ && !wait_)
            throw Error(ErrorKind::usage, "--for is for --wait", "add --wait, or leave it out");
        auto consumers = find();
        for (auto& consumer : consumers) {
            consumer.status = inspect::control(consumer, operation, size_);
            refuse_to_steer_the_ending(operation, consumer);
        }
        const auto start = std::chrono::steady_clock::now();
        std::vector<Error> late;
        for (auto& consumer : consumers) {
            try {
                if (wait_) wait_for(operation, consumer, start);
            } catch (const Error& error) {
                late.push_back(error);
                continue;
            }
            const auto text = fmt::format("{} ({}): {}\n", util::printable(consumer.name),
                                          consumer.pid, outcome(operation, *consumer.status));
            print(consumer, common_options().quiet ? std::string() : text);
        }
        raise(late);
    }

    void cancel() {
        if (id_.empty())
            throw Error(ErrorKind::usage, "the id is empty", "airy pool show lists it");
        const auto then = dead_letter_ ? work::AfterCancel::dead_letter : work::AfterCancel::retry;
        std::optional<Error> without;  // of a consumer that does not run the message's handler
        bool any = false;
        for (auto& consumer : find()) {
            try {
                consumer.status = inspect::cancel(consumer, id_, then);
            } catch (const Error& error) {
                if (error.reason() != Reason::not_found) throw;
                without = error.hinted(
                    fmt::format("airy pool show {} lists the running handlers", consumer.pid));
                continue;
            }
            any = true;
            const auto text =
                fmt::format("{} ({}): ending the handler of {}; its message {}\n",
                            util::printable(consumer.name), consumer.pid, util::printable(id_),
                            dead_letter_ ? "is dead-lettered" : "counts as failed");
            print(consumer, common_options().quiet ? std::string() : text);
        }
        if (!any && without) throw *without;
    }

    // Pause and resume have no effect on a consumer that ends, and nothing stops its end. Throws
    // Error{not_found}.
    static void refuse_to_steer_the_ending(ControlOperation operation, const Consumer& consumer) {
        const auto state = consumer.status->state;
        if ((operation != ControlOperation::pause && operation != ControlOperation::resume) ||
            (state != ConsumerState::draining && state != ConsumerState::stopped))
            return;
        throw Error(
            ErrorKind::not_found,
            fmt::format("consumer '{}' ({}) is {}: it can be neither paused nor resumed",
                        util::printable(consumer.name), consumer.pid, work::to_string(state)),
            "it ends after its running handlers; start another with airy consume");
    }

    bool reached(ControlOperation operation, const ConsumerStatus& status) const {
        switch (operation) {
            case ControlOperation::resize:
                return status.cap == size_ && status.running <= size_;
            case ControlOperation::pause:
                return status.state != ConsumerState::running && status.running == 0;
            case ControlOperation::resume:
                return status.state == ConsumerState::running;
            case ControlOperation::drain:
                return status.state == ConsumerState::stopped;
            case ControlOperation::status:
                break;
        }
        return true;
    }

    // Throws Error{timeout}; asks again and again, since a consumer reports nothing by itself. Asks
    // once more when the time is up: waiting for another consumer may have taken it.
    void wait_for(ControlOperation operation, Consumer& consumer,
                  std::chrono::steady_clock::time_point start) {
        bool time_is_up = false;
        while (!reached(operation, *consumer.status)) {
            if (time_is_up)
                throw Error(
                    ErrorKind::timeout,
                    fmt::format("consumer '{}' ({}) has not got there within {}: {} running, {}",
                                util::printable(consumer.name), consumer.pid,
                                util::format_duration(*patience_), consumer.status->running,
                                work::to_string(consumer.status->state)),
                    fmt::format("the order stands; airy pool show {} tells its progress",
                                consumer.pid));
            time_is_up = patience_ && std::chrono::steady_clock::now() - start >= *patience_;
            if (!time_is_up) std::this_thread::sleep_for(poll_interval);
            look_again(operation, consumer);
        }
    }

    static void look_again(ControlOperation operation, Consumer& consumer) {
        try {
            consumer.status = inspect::control(consumer, ControlOperation::status);
            refuse_to_steer_the_ending(operation, consumer);
        } catch (const Error& error) {
            if (error.kind() != ErrorKind::not_found || operation != ControlOperation::drain) throw;
            consumer.status->state = ConsumerState::stopped;
            consumer.status->running = 0;
            consumer.status->in_flight = 0;
        }
    }

    static std::string outcome(ControlOperation operation, const ConsumerStatus& status) {
        if (operation == ControlOperation::resize)
            return fmt::format("cap {}, {} running", status.cap, status.running);
        return fmt::format("{}, {} running", work::to_string(status.state), status.running);
    }

    OutputOption output_;
    std::function<void()> action_;
    std::string who_;
    bool all_ = false;
    std::vector<std::string> names_;
    std::string match_;
    std::size_t size_ = 0;
    std::string id_;
    bool dead_letter_ = false;
    bool wait_ = false;
    std::optional<std::chrono::nanoseconds> patience_;
};

}  // namespace

std::unique_ptr<Command> make_pool() {
    return std::make_unique<Pool>();
}

}  // namespace airy::tools
