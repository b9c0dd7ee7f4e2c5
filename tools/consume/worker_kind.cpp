// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include <fmt/core.h>

#include <charconv>
#include <optional>

#include "consume/handler_kind.hpp"
#include "consume/process_options.hpp"
#include "environment.hpp"
#include "util/duration.hpp"
#include "util/error.hpp"
#include "util/text.hpp"
#include "work/worker_handler.hpp"

namespace airy::tools::consume {
namespace {

constexpr std::int64_t most_workers = 1000;
constexpr std::int64_t most_held = 10'000;
constexpr std::size_t most_in_all = 65'535;  // the protocol's limit of messages taken

// `--worker N -- CMD ARG…`: processes that live on, and take one message a line.
class WorkerKind final : public HandlerKind {
  public:
    std::string_view name() const override { return "--worker"; }

    void add_options(cli::App& app) override {
        app.option("--worker", workers_,
                   "run this many processes of the command, which live on: a message is a line on "
                   "stdin, its answer a line on stdout")
            .type_name("N")
            .between(1, most_workers);
        app.option("--window", window_, "messages, or batches, that one worker holds at most [1]")
            .type_name("N")
            .between(1, most_held)
            .note(given_);
        app.flag("--ready", options_.wait_until_ready,
                 "take no message before a worker has written {\"ready\":true}")
            .note(given_);
        app.option("--restart-after", restart_after_,
                   "replace each worker after so many messages, e.g. 1000, or so long, e.g. 1h")
            .type_name("LIMIT")
            .note(given_);
    }

    bool is_chosen(const std::vector<std::string>&) const override { return workers_.has_value(); }
    bool runs_command() const override { return true; }
    const std::vector<std::string>& own_options() const override { return given_; }
    std::string own_options_hint() const override {
        return "it is for the processes of --worker N, which live on";
    }

    void check(const std::vector<std::string>& command) override {
        options_.workers = *workers_;
        options_.window = window_;
        check_held("", 1);
        read_restart_after();
        if (command.empty())
            throw Error(ErrorKind::usage, "--worker has no command to run",
                        "end with -- CMD ARG…: it reads a message a line, and answers each");
        make_room_for_descriptors(room().descriptors);
        command_ = work::find_command(command, environment("PATH").value_or("/usr/bin:/bin"));
    }

    void use_batches(const work::BatchOptions& options) override {
        check_held(fmt::format(" and --batch {}", options.most), options.most);
        options_.batch = options;
    }

    std::size_t default_slots() const override { return options_.workers * options_.window; }
    std::size_t most_slots() const override { return default_slots(); }
    bool sets_slots() const override { return true; }
    std::size_t most_slots_by_environment() const override { return default_slots(); }
    util::Room room() const override {
        using Handler = work::WorkerHandler;
        return {
            0, options_.workers,
            options_.workers * Handler::descriptors_per_worker + Handler::descriptors_per_start};
    }
    bool can_fail() const override { return true; }

    std::unique_ptr<work::Handler> make(const Stage& stage) override {
        options_.child = stage.child;
        return std::make_unique<work::WorkerHandler>(stage.loop, stage.timers, *command_, options_,
                                                     stage.err);
    }

  private:
    void check_held(const std::string& and_batch, std::size_t messages_a_line) const {
        const auto held = default_slots() * messages_a_line;
        if (held <= most_in_all) return;
        throw Error(ErrorKind::usage,
                    fmt::format("--worker {} with --window {}{} would hold {} messages",
                                options_.workers, options_.window, and_batch, held),
                    fmt::format("a consumer takes {} at most", most_in_all));
    }

    // Digits alone are a number of messages.
    void read_restart_after() {
        if (restart_after_.empty()) return;
        const char* end = restart_after_.data() + restart_after_.size();
        auto& messages = options_.restart_after_messages;
        const auto read = std::from_chars(restart_after_.data(), end, messages);
        if (read.ec == std::errc() && read.ptr == end && messages > 0) return;
        messages = 0;
        try {
            options_.restart_after = util::parse_duration(restart_after_);
        } catch (const Error&) {
        }
        if (options_.restart_after.count() <= 0)
            throw Error(ErrorKind::usage,
                        fmt::format("--restart-after: '{}' is neither a number of messages nor a "
                                    "duration",
                                    util::printable(restart_after_)),
                        "e.g. 1000, or 1h");
    }

    work::WorkerOptions options_;
    std::optional<std::uint64_t> workers_;
    std::uint64_t window_ = 1;
    std::string restart_after_;
    std::vector<std::string> given_;  // options above that were given, but --worker
    std::optional<work::Command> command_;
};

}  // namespace

std::unique_ptr<HandlerKind> make_worker_kind() {
    return std::make_unique<WorkerKind>();
}

}  // namespace airy::tools::consume
