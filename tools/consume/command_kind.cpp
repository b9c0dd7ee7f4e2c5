// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <optional>

#include "consume/handler_kind.hpp"
#include "consume/process_options.hpp"
#include "environment.hpp"
#include "options.hpp"
#include "util/processors.hpp"
#include "work/command_handler.hpp"

namespace airy::tools::consume {
namespace {

// `-- CMD ARG…`: a command for each message.
class CommandKind final : public HandlerKind {
  public:
    std::string_view name() const override { return "a command"; }

    void add_options(cli::App& app) override {
        app.flag("--tag-output", options_.tag_output,
                 "begin every line that a command writes with [topic event-id]")
            .note(given_)
            .note(of_single_messages_);
        app.option("--stdin", stdin_, "what a command reads: the body, or the message line [body]")
            .one_of({"body", "message"})
            .type_name("FORM")
            .note(given_)
            .note(of_single_messages_);
    }

    bool is_chosen(const std::vector<std::string>& command) const override {
        return !command.empty();
    }
    bool runs_command() const override { return true; }
    const std::vector<std::string>& own_options() const override { return given_; }
    std::string own_options_hint() const override {
        return "it is for a command a message, which -- CMD ARG… alone runs";
    }

    void check(const std::vector<std::string>& command) override {
        options_.whole_message = stdin_ == "message";
        command_ = work::find_command(command, environment("PATH").value_or("/usr/bin:/bin"));
    }

    void use_batches(const work::BatchOptions& options) override {
        refuse_without_effect(of_single_messages_, "beside --batch",
                              "a batch is message lines, and its output is that of all of them");
        options_.batch = options;
    }

    bool has_batch_format() const override { return true; }

    std::size_t default_slots() const override { return 4 * util::usable_processors(); }
    // 64 for each core. Airy's own pool, which the setting is made for, starts no processes.
    std::size_t most_slots_by_environment() const override { return 16 * default_slots(); }
    std::size_t read_ahead(std::size_t slots, work::ReadAhead::Amount wanted) const override {
        using Amount = work::ReadAhead::Amount;
        if (wanted == Amount::none) return 0;
        return wanted == Amount::many ? std::clamp<std::size_t>(8 * slots, 8, 256)
                                      : std::clamp<std::size_t>(slots, 4, 64);
    }
    util::Room room() const override {
        using Runner = work::CommandRunner;
        return {0, 1, Runner::descriptors_per_run + Runner::descriptors_per_start};
    }
    bool can_fail() const override { return true; }

    std::unique_ptr<work::Handler> make(const Stage& stage) override {
        options_.child = stage.child;
        options_.most_of_reply = stage.most_of_reply;
        make_room_for_descriptors(stage.slots * work::CommandRunner::descriptors_per_run);
        return std::make_unique<work::CommandHandler>(stage.loop, stage.timers, *command_, options_,
                                                      stage.out, stage.err);
    }

  private:
    work::CommandOptions options_;
    std::string stdin_ = "body";
    std::vector<std::string> given_;               // options above that were given
    std::vector<std::string> of_single_messages_;  // of these, those without effect on a batch
    std::optional<work::Command> command_;
};

}  // namespace

std::unique_ptr<HandlerKind> make_command_kind() {
    return std::make_unique<CommandKind>();
}

}  // namespace airy::tools::consume
