// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cli/app.hpp"
#include "work/handler.hpp"
#include "work/output.hpp"
#include "work/timers.hpp"

namespace airy::tools::consume {

// What a handler is made with; all of it outlives the handler.
struct Stage {
    boost::asio::io_context& loop;
    work::Timers& timers;
    work::OutputStream& out;
    work::OutputStream& err;
    std::size_t slots;
};

// One way in which `airy consume` handles messages: its options and its handler. Main thread.
class HandlerKind {
  public:
    virtual ~HandlerKind() = default;

    // In errors, e.g. "--print".
    virtual std::string_view name() const = 0;
    virtual void add_options(cli::App& app) = 0;

    // Whether the command line asks for this kind; `command` is what stands behind `--`.
    virtual bool is_chosen(const std::vector<std::string>& command) const = 0;
    // The options given that are of use to this kind only, and the hint for them beside another.
    virtual const std::vector<std::string>& own_options() const = 0;
    virtual std::string own_options_hint() const = 0;

    // Of the kind that is chosen; throws Error{usage} for what cannot be used, before any message
    // is taken.
    virtual void check(const std::vector<std::string>& command) = 0;

    // Messages handled at once, and taken from the broker at most, where no option says so.
    virtual std::size_t default_slots() const = 0;
    virtual std::size_t default_prefetch(std::size_t slots) const = 0;
    // Whether a message can fail, so that retries and dead letters are of use.
    virtual bool can_fail() const = 0;

    virtual std::unique_ptr<work::Handler> make(const Stage& stage) = 0;
};

// Every kind there is, one row each in handler_kind.cpp.
std::vector<std::unique_ptr<HandlerKind>> handler_kinds();

// The one kind that the command line asks for, checked. Throws Error{usage} when it asks for none,
// for several, or with options of another kind.
HandlerKind& choose(const std::vector<std::unique_ptr<HandlerKind>>& kinds,
                    const std::vector<std::string>& command);

std::unique_ptr<HandlerKind> make_command_kind();
std::unique_ptr<HandlerKind> make_print_kind();

}  // namespace airy::tools::consume
