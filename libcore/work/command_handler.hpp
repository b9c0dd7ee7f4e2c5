// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "work/child.hpp"
#include "work/handler.hpp"

namespace airy::work {

// AIRY_TOPIC, AIRY_EVENT_ID and so on as `NAME=value` (README, "A command per message"). An unknown
// value, one with a NUL and one longer than 1,024 bytes become empty.
std::vector<std::string> message_environment(const mq::Delivered& delivered);

// Runs a command for each message: the body is its stdin, the properties are in its environment,
// and its exit status is the verdict.
class CommandHandler final : public Handler {
  public:
    // tag_output: every line that a command writes begins with `[topic event-id] `.
    CommandHandler(boost::asio::io_context& loop, Timers& timers, Command command,
                   ChildOptions options, bool tag_output, OutputStream& out, OutputStream& err);

    boost::asio::awaitable<void> handle(std::span<const mq::Delivered> batch,
                                        std::span<HandlerResult> results,
                                        pool::TaskContext& context) override;
    void begin_no_more() override { runner_.begin_no_more(); }
    void ask_to_stop() override;
    void kill() override;
    std::optional<HandlerEnd> end() const override;

  private:
    CommandRunner runner_;
    OutputStream& out_;
    OutputStream& err_;
    bool tag_output_;
    std::optional<Error> cannot_run_;
};

}  // namespace airy::work
