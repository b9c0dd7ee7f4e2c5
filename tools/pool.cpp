// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include <fmt/core.h>

#include <chrono>
#include <optional>
#include <thread>

#include "command.hpp"
#include "inspect/control_client.hpp"
#include "inspect/control_directory.hpp"
#include "options.hpp"
#include "output/metrics.hpp"
#include "output/stream.hpp"
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

constexpr std::size_t most_slots = 100'000;  // as consume --pool-size
constexpr auto poll_interval = std::chrono::milliseconds(50);

class Pool final : public Command {
  public:
    void add_options(cli::App& app) override {
        app.require_subcommand();
        output_.add(app);
        subcommand(app, "ls", "every consumer of this user on this host", [this] { list(); });
        auto show = subcommand(app, "show", "everything about one", [this] { this->show(); });
        add_consumer(show);
        auto resize = subcommand(app, "resize", "set how many handlers run at once",
                                 [this] { change(ControlOperation::resize); });
        add_consumer(resize);
        resize.option("N", size_, "handlers at once, 1 or more").required().between(1, most_slots);
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
    }

    void add_wait(cli::App& sub, const std::string& until) {
        sub.flag("--wait", wait_, "wait " + until);
        sub.duration("--timeout", timeout_, "wait no longer than this, then exit 5");
    }

    void list() {
        const auto consumers = inspect::list_consumers();
        const auto now = util::system_clock().now();
        if (!output_.json()) output::print(output::pool_table(consumers));
        if (output_.json())
            for (const auto& consumer : consumers)
                output::print(output::pool_json(consumer, now));
        if (consumers.empty()) output::note(inspect::none_seen);
    }

    // Throws Error{timeout} if the consumer does not answer.
    Consumer find() const { return inspect::find_consumer(inspect::list_consumers(), who_); }

    void show() {
        auto consumer = find();
        if (!consumer.status)
            consumer.status = inspect::control(consumer, ControlOperation::status);
        print(consumer, output::pool_details(consumer));
    }

    void print(const Consumer& consumer, const std::string& text) const {
        if (output_.json())
            output::print(output::pool_json(consumer, util::system_clock().now()));
        else
            output::print(text);
    }

    void change(ControlOperation operation) {
        if (timeout_ && !wait_)
            throw Error(ErrorKind::usage, "--timeout is for --wait", "add --wait, or leave it out");
        auto consumer = find();
        consumer.status = inspect::control(consumer, operation, size_);
        refuse_to_steer_the_ending(operation, consumer);
        if (wait_) wait_for(operation, consumer);
        const auto text = fmt::format("{} ({}): {}\n", util::printable(consumer.name), consumer.pid,
                                      outcome(operation, *consumer.status));
        print(consumer, common_options().quiet ? std::string() : text);
    }

    void cancel() {
        if (id_.empty())
            throw Error(ErrorKind::usage, "the id is empty", "airy pool show lists it");
        auto consumer = find();
        const auto then = dead_letter_ ? work::AfterCancel::dead_letter : work::AfterCancel::retry;
        try {
            consumer.status = inspect::cancel(consumer, id_, then);
        } catch (const Error& error) {
            if (error.reason() != Reason::not_found) throw;
            throw Error(error.reason(), error.what(),
                        fmt::format("airy pool show {} lists the running handlers",
                                    util::printable(consumer.name)));
        }
        const auto text =
            fmt::format("{} ({}): ending the handler of {}; its message {}\n",
                        util::printable(consumer.name), consumer.pid, util::printable(id_),
                        dead_letter_ ? "is dead-lettered" : "counts as failed");
        print(consumer, common_options().quiet ? std::string() : text);
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

    // Throws Error{timeout}; asks again and again, since a consumer reports nothing by itself.
    void wait_for(ControlOperation operation, Consumer& consumer) {
        const auto start = std::chrono::steady_clock::now();
        while (!reached(operation, *consumer.status)) {
            if (timeout_ && std::chrono::steady_clock::now() - start >= *timeout_)
                throw Error(
                    ErrorKind::timeout,
                    fmt::format("consumer '{}' ({}) has not got there within {}: {} running, {}",
                                util::printable(consumer.name), consumer.pid,
                                util::format_duration(*timeout_), consumer.status->running,
                                work::to_string(consumer.status->state)),
                    "the order stands; airy pool show tells its progress");
            std::this_thread::sleep_for(poll_interval);
            try {
                consumer.status = inspect::control(consumer, ControlOperation::status);
                refuse_to_steer_the_ending(operation, consumer);
            } catch (const Error& error) {
                if (error.kind() != ErrorKind::not_found || operation != ControlOperation::drain)
                    throw;
                consumer.status->state = ConsumerState::stopped;
                consumer.status->running = 0;
                consumer.status->in_flight = 0;
            }
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
    std::size_t size_ = 0;
    std::string id_;
    bool dead_letter_ = false;
    bool wait_ = false;
    std::optional<std::chrono::nanoseconds> timeout_;
};

}  // namespace

std::unique_ptr<Command> make_pool() {
    return std::make_unique<Pool>();
}

}  // namespace airy::tools
