// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

// Declares options without CLI11's headers in each command: they take longer to compile than any
// command. Only this folder includes them.
namespace airy::tools::cli {

// One declared option or operand; adds properties to it. A view, valid as long as the App.
class Option {
  public:
    explicit Option(CLI::Option* option) noexcept : option_(option) {}

    Option& type_name(const std::string& name);  // the value's name in the help
    Option& group(const std::string& heading);
    Option& required();
    Option& one_of(const std::vector<std::string>& words);
    Option& between(std::int64_t least, std::int64_t most);
    Option& positive();
    // For durations that AMQP carries as such a number: an option refuses what it would round.
    Option& whole_seconds();
    Option& whole_milliseconds();
    // A repeatable option takes one value each time, so that an operand may follow it.
    Option& one_each();
    Option& only_one();  // for a single operand whose target is a vector
    Option& show_default();
    Option& note(bool& given);  // set when the line has the option, even with an empty value
    // Adds the option's long name when the line has it; to check options that need or exclude
    // others.
    Option& note(std::vector<std::string>& given);

  private:
    Option& whole(std::chrono::nanoseconds unit, const char* units);

    CLI::Option* option_;
};

// A command, or a subcommand of it, declares its options here. A view of CLI11's App. The parser
// writes the targets; they must live until then.
class App {
  public:
    explicit App(CLI::App& app) noexcept : app_(&app) {}

    // `flags` as in "-n,--count"; without a dash it names an operand. The first long name is the
    // option's name. Further long names, and those of an operand, are its former spellings: they
    // work, and no help or completion shows them.
    Option option(const std::string& flags, std::string& target, const std::string& description);
    Option option(const std::string& flags, std::vector<std::string>& target,
                  const std::string& description);
    Option option(const std::string& flags, std::uint64_t& target, const std::string& description);
    Option option(const std::string& flags, std::optional<std::uint64_t>& target,
                  const std::string& description);
    Option option(const std::string& flags, std::optional<int>& target,
                  const std::string& description);
    Option flag(const std::string& flags, bool& target, const std::string& description);

    // An option that takes a duration such as `250ms`; the error for a wrong value names the flag,
    // the value and the accepted form.
    Option duration(const std::string& flags, std::optional<std::chrono::nanoseconds>& target,
                    const std::string& description);
    Option duration(const std::string& flags, std::chrono::nanoseconds& target,
                    const std::string& description);

    // The subcommand also accepts the options of this app. The parser calls `chosen` when the line
    // names the subcommand.
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
