// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

// Declaring options, without CLI11's headers in each command: they cost more to compile than any
// command does. Only this folder includes them.
namespace airy::tools::cli {

// One option or operand that was declared; says more about it. A view, valid as long as the App.
class Option {
  public:
    explicit Option(CLI::Option* option) noexcept : option_(option) {}

    Option& type_name(const std::string& name);  // what the help shows for the value
    Option& group(const std::string& heading);
    Option& required();
    Option& one_of(const std::vector<std::string>& words);
    Option& between(std::int64_t least, std::int64_t most);
    Option& positive();
    // A repeatable option takes one value each time, so that an operand may stand behind it.
    Option& one_each();
    Option& only_one();  // an operand that is collected in a vector, and yet is one
    Option& show_default();
    Option& note(bool& given);  // set when the line has it, be its value empty
    // Its long name is added when the line has it; for options that go together or do not.
    Option& note(std::vector<std::string>& given);

  private:
    CLI::Option* option_;
};

// What a command, or a subcommand of it, declares its options on. A view of CLI11's App. The
// targets are written while the command line is read; they must live until then.
class App {
  public:
    explicit App(CLI::App& app) noexcept : app_(&app) {}

    // `flags` as in "-n,--count"; without a dash it names an operand.
    Option option(const std::string& flags, std::string& target, const std::string& description);
    Option option(const std::string& flags, std::vector<std::string>& target,
                  const std::string& description);
    Option option(const std::string& flags, std::uint64_t& target, const std::string& description);
    Option option(const std::string& flags, std::optional<std::uint64_t>& target,
                  const std::string& description);
    Option option(const std::string& flags, std::optional<int>& target,
                  const std::string& description);
    Option flag(const std::string& flags, bool& target, const std::string& description);

    // An option that takes a duration such as `250ms`; a wrong value names flag, value and what is
    // accepted.
    Option duration(const std::string& flags, std::optional<std::chrono::nanoseconds>& target,
                    const std::string& description);
    Option duration(const std::string& flags, std::chrono::nanoseconds& target,
                    const std::string& description);

    // Options of this app are understood behind the subcommand's name too. `chosen` is called when
    // the line names it.
    App subcommand(const std::string& name, const std::string& summary,
                   std::function<void()> chosen);
    void require_subcommand();

    void footer(const std::string& text);  // the end of the help
    void group_help(const std::string& heading);

    CLI::App& parser() const noexcept { return *app_; }

  private:
    CLI::App* app_;
};

}  // namespace airy::tools::cli
