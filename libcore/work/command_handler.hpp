// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "work/batch_options.hpp"
#include "work/child.hpp"
#include "work/handler.hpp"
#include "work/split_notice.hpp"

namespace airy::work {

// AIRY_TOPIC, AIRY_EVENT_ID and so on as `NAME=value` (README, "A command per message"). An unknown
// value, one with a NUL and one longer than 1,024 bytes become empty.
std::vector<std::string> message_environment(const mq::Delivered& delivered);

// `NAME=value`, empty where the value is as above.
std::string variable(std::string_view name, std::string_view value);

struct CommandOptions {
    ChildOptions child{};
    bool tag_output = false;     // every line that a command writes begins with `[topic event-id] `
    bool whole_message = false;  // stdin is the message line, not the body
    // The stdout of a command whose message wants a reply is the reply, up to so many bytes. Of
    // text, a line break at its end is left out. Absent: stdout passes through.
    std::optional<std::size_t> most_of_reply{};
    // Several messages in one run; command_batch.cpp.
    std::optional<BatchOptions> batch{};
};

// Runs a command for each message: the body is its stdin, the properties are in its environment,
// and its exit status is the verdict. Or for each batch: its stdin is a message line with an id for
// each message, the exit status is the verdict of all, and the command may answer for single
// messages as a worker does (worker_protocol.hpp).
class CommandHandler final : public Handler {
  public:
    CommandHandler(boost::asio::io_context& loop, Timers& timers, Command command,
                   const CommandOptions& options, OutputStream& out, OutputStream& err);

    std::size_t batch_limit() const noexcept override { return batch_ ? batch_->most : 1; }
    boost::asio::awaitable<void> handle(std::span<const mq::Delivered> batch,
                                        std::span<HandlerResult> results,
                                        pool::TaskContext& context) override;
    std::size_t cancel(std::string_view id, Verdict verdict) override;
    void begin_no_more() override {
        no_more_ = true;
        runner_.begin_no_more();
    }
    void ask_to_stop() override;
    void kill() override;
    std::optional<HandlerEnd> end() const override;

  private:
    // Messages whose command runs.
    struct Running {
        std::span<const mq::Delivered> messages;
        CancelSwitch end{};
        Verdict when_cancelled = Verdict::retry;
        std::vector<bool> cancelled{};  // which of them; empty: none
    };
    boost::asio::awaitable<HandlerResult> run(const mq::Delivered& delivered);
    boost::asio::awaitable<void> run_batch(std::span<const mq::Delivered> batch,
                                           std::span<HandlerResult> results);
    void note_end(std::span<const HandlerResult> results);

    CommandRunner runner_;
    OutputStream& out_;
    OutputStream& err_;
    const bool tag_output_;
    const bool whole_message_;
    const std::optional<std::size_t> most_of_reply_;
    const std::optional<BatchOptions> batch_;
    SplitNotice split_notice_;
    bool no_more_ = false;
    std::list<Running> running_;
    std::optional<Error> cannot_run_;
};

}  // namespace airy::work
