// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/app.hpp"
#include "util/limits.hpp"
#include "work/batch_options.hpp"
#include "work/child.hpp"
#include "work/handler.hpp"
#include "work/output.hpp"
#include "work/read_ahead.hpp"
#include "work/timers.hpp"

namespace airy::tools::consume {

// The environment of a new handler; all of it outlives the handler.
struct Stage {
    boost::asio::io_context& loop;
    work::Timers& timers;
    work::OutputStream& out;
    work::OutputStream& err;
    std::size_t slots;
    const work::ChildOptions& child;  // for kinds that run the command
    // The most bytes of a reply to a message that wants one; absent: messages get no replies.
    std::optional<std::size_t> most_of_reply{};
};

// One way in which `airy consume` handles messages: its options and its handler. Main thread.
class HandlerKind {
  public:
    virtual ~HandlerKind() = default;

    // The name in errors, e.g. "--print".
    virtual std::string_view name() const = 0;
    virtual void add_options(cli::App& app) = 0;

    // Whether the command line asks for this kind; `command` holds the words behind `--`.
    virtual bool is_chosen(const std::vector<std::string>& command) const = 0;
    // Whether it runs the words behind `--`. Beside another kind that does, the plain command a
    // message is not meant.
    virtual bool runs_command() const { return false; }
    // The given options that only this kind uses, and the hint for them beside another kind.
    virtual const std::vector<std::string>& own_options() const = 0;
    virtual std::string own_options_hint() const = 0;

    // Called for the chosen kind; throws Error{usage} for unusable options, before any message is
    // taken.
    virtual void check(const std::vector<std::string>& command) = 0;

    // Called after `check` where the line asks for batches: a handler gets several messages at
    // once. Throws Error{usage} for a kind that has none, which is the default, and for options
    // without effect beside it.
    virtual void use_batches(const work::BatchOptions& options);

    // Whether batches have the form that `--batch-format` says.
    virtual bool has_batch_format() const { return false; }

    // The number of messages, or batches, handled at once, where no option sets it.
    virtual std::size_t default_slots() const = 0;
    // The most that it can handle at once, whatever is asked of it while it runs.
    virtual std::size_t most_slots() const { return std::numeric_limits<std::size_t>::max(); }
    // Whether its own options set that number, and nothing else does.
    virtual bool sets_slots() const { return false; }
    // The most messages handled at once that a setting in the environment may ask for.
    virtual std::size_t most_slots_by_environment() const = 0;
    // The messages taken beyond the slots, so that a free slot finds one waiting. More are wanted
    // the shorter the handlers have been so far.
    virtual std::size_t read_ahead(std::size_t slots, work::ReadAhead::Amount wanted) const;
    // What the handler needs of the system beside its slots, to be there before the first message.
    virtual util::Room room() const = 0;
    // Whether a message can fail, so that retries and dead letters make sense.
    virtual bool can_fail() const = 0;

    virtual std::unique_ptr<work::Handler> make(const Stage& stage) = 0;
};

// All kinds, one row each in handler_kind.cpp.
std::vector<std::unique_ptr<HandlerKind>> handler_kinds();

// The kind that the command line asks for, checked. Throws Error{usage} when the line asks for
// none, for several, or has options of another kind.
HandlerKind& choose(const std::vector<std::unique_ptr<HandlerKind>>& kinds,
                    const std::vector<std::string>& command);

std::unique_ptr<HandlerKind> make_command_kind();
std::unique_ptr<HandlerKind> make_http_kind();
std::unique_ptr<HandlerKind> make_print_kind();
std::unique_ptr<HandlerKind> make_worker_kind();

}  // namespace airy::tools::consume
