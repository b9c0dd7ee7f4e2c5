// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/app.hpp"
#include "event/where.hpp"
#include "last_look.hpp"
#include "message_format.hpp"
#include "mq/broker.hpp"
#include "mq/endpoint.hpp"

namespace airy::tools {

// Selects messages and limits their number: `--where`, `--count`, `--rate`.
struct SelectionOptions {
    std::vector<std::string> where_texts;
    std::uint64_t limit = 0;
    std::string rate;

    void add_where(cli::App& app);
    void add_count(cli::App& app, const std::string& description);
    void add_rate(cli::App& app);
    // Throws Error{usage}.
    std::vector<event::Where> where() const;
};

// Prints the messages of `queue`, under the topics that they were published with, and reports on
// stderr how the look changed them. Returns the exit code.
int show_messages(mq::Broker& broker, const std::string& queue, const SelectionOptions& which,
                  MessageFormat format, util::SignalFd& signals);

// Moves messages as `what` tells, after the user agreed, and reports it. Returns the exit code.
int move_messages(mq::Broker& broker, mq::Transfer what, const SelectionOptions& which,
                  bool dry_run, bool json, util::SignalFd& signals);

// `airy queue peek` and `airy queue move`.
class QueueTransfers {
  public:
    void add_peek(cli::App& app);
    void add_move(cli::App& app);
    int peek(mq::Endpoint endpoint, bool json);
    int move(mq::Endpoint endpoint, bool yes, bool dry_run, bool json);

  private:
    std::string from_;
    std::string to_;
    LastLookOption last_look_;
    SelectionOptions peeked_{{}, 100, {}};
    MessageFormatOption format_;
    SelectionOptions moved_;
};

}  // namespace airy::tools
