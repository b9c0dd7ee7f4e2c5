// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/app.hpp"
#include "util/error.hpp"

namespace airy::tools {

// One `airy <name>`: declares its options, then runs once they are parsed. Lives on the main
// thread. Failures throw airy::Error; only main turns them into text and an exit code.
class Command {
  public:
    virtual ~Command() = default;

    virtual void add_options(cli::App& app) = 0;

    // Takes the words behind `--`; called before run, only for a command that takes_child.
    virtual void set_child(std::vector<std::string> /*argv*/) {}

    // Returns the exit code (README, "Exit codes").
    virtual int run() = 0;
};

struct CommandEntry {
    std::string_view name;
    std::string_view summary;  // one line, as in `airy --help`
    std::unique_ptr<Command> (*make)();
    bool takes_child = false;  // `-- CMD ARG…` belongs to the child
    bool hidden = false;
    // Reports an error that ended the command, and returns the exit code; nullptr: as main does.
    int (*report)(const Error&) = nullptr;
};

// Every command, in the order in which `airy --help` shows them.
std::span<const CommandEntry> commands() noexcept;
const CommandEntry* find_command(std::string_view name) noexcept;

std::unique_ptr<Command> make_bench();
std::unique_ptr<Command> make_check();
int report_check(const Error& error);
std::unique_ptr<Command> make_complete();
std::unique_ptr<Command> make_completion();
std::unique_ptr<Command> make_consume();
std::unique_ptr<Command> make_dlq();
std::unique_ptr<Command> make_event();
std::unique_ptr<Command> make_option_table();
std::unique_ptr<Command> make_demo();
std::unique_ptr<Command> make_ping();
std::unique_ptr<Command> make_publish();
std::unique_ptr<Command> make_pool();
std::unique_ptr<Command> make_queue();
std::unique_ptr<Command> make_request();
std::unique_ptr<Command> make_stats();
std::unique_ptr<Command> make_tail();
std::unique_ptr<Command> make_top();
std::unique_ptr<Command> make_wait();

}  // namespace airy::tools
