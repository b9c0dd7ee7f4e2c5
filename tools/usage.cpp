// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "usage.hpp"

#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>

#include "util/text.hpp"

namespace airy::tools {
namespace {

// Options that may stand before the command and take a value, so that the value is not mistaken
// for the command.
constexpr std::array value_options = {
    std::string_view("-u"),
    std::string_view("--url"),
    std::string_view("--exchange"),
    std::string_view("--cacert"),
    std::string_view("--cert"),
    std::string_view("--key"),
    std::string_view("--output"),
    std::string_view("-o"),
    std::string_view("--password-file"),
    std::string_view("--log-format"),
    std::string_view("--management-url"),
};

// The command and the subcommands that the line named, as far as they were read.
std::vector<const CLI::App*> scopes_of(const CLI::App& app) {
    std::vector<const CLI::App*> scopes{&app};
    while (!scopes.back()->get_subcommands().empty())
        scopes.push_back(scopes.back()->get_subcommands().front());
    return scopes;
}

// The long option nearest to `word`, or nothing.
std::string nearest_option(const std::vector<const CLI::App*>& scopes, std::string_view word) {
    std::vector<std::string> names;
    for (const auto* scope : scopes)
        for (const auto* option : scope->get_options())
            for (const auto& name : option->get_lnames())
                names.push_back("--" + name);
    const std::vector<std::string_view> candidates(names.begin(), names.end());
    return std::string(util::nearest(word, candidates));
}

// The first argument that looks like an option and is one of no scope.
std::string unknown_option(const std::vector<const CLI::App*>& scopes,
                           const std::vector<std::string>& args) {
    for (const auto& arg : args) {
        if (arg == "--") break;
        if (arg.size() < 2 || arg[0] != '-') continue;
        std::string name = arg.substr(0, arg.find('='));
        if (name[1] != '-') name = name.substr(0, 2);
        const auto knows = [&name](const CLI::App* scope) {
            return scope->get_option_no_throw(name) != nullptr;
        };
        if (std::ranges::none_of(scopes, knows)) return name;
    }
    return {};
}

}  // namespace

std::string overview() {
    std::string text =
        "airy publishes, tails and consumes the events of an Airy site, and looks after its "
        "queues\n"
        "\n"
        "Usage: airy COMMAND [OPTION…] [ARG…]\n"
        "\n"
        "Commands:\n";
    for (const auto& entry : commands())
        if (!entry.hidden) text += fmt::format("  {:<12}{}\n", entry.name, entry.summary);
    text +=
        "\n"
        "airy COMMAND --help tells the options of one; man airy and man airy-COMMAND tell more.\n"
        "The broker is --url, AIRY_URL, AMQP_URL, MQ_HOST…, or "
        "amqp://guest:guest@localhost:5672/.\n";
    return text;
}

Error unknown_command(std::string_view name) {
    std::vector<std::string_view> names;
    for (const auto& entry : commands())
        if (!entry.hidden) names.push_back(entry.name);
    const auto near = util::nearest(name, names);
    return Error(ErrorKind::usage, fmt::format("there is no command '{}'", util::printable(name)),
                 near.empty()
                     ? "airy --help lists the commands"
                     : fmt::format("did you mean '{}'? airy --help lists the commands", near));
}

const CommandEntry& take_command(std::vector<std::string>& args) {
    for (std::size_t i = 0; i < args.size(); ++i) {
        const std::string& arg = args[i];
        if (arg.empty() || arg[0] != '-') {
            const auto* entry = find_command(arg);
            if (!entry) throw unknown_command(arg);
            args.erase(args.begin() + static_cast<std::ptrdiff_t>(i));
            return *entry;
        }
        if (std::ranges::find(value_options, arg) != value_options.end()) ++i;
    }
    throw Error(ErrorKind::usage, "no command given", "airy --help lists them");
}

std::vector<std::string> split_child(std::vector<std::string>& args) {
    const auto dashes = std::ranges::find(args, "--");
    if (dashes == args.end()) return {};
    std::vector<std::string> child(dashes + 1, args.end());
    args.erase(dashes, args.end());
    return child;
}

Error usage_error(const CommandEntry& entry, const CLI::App& app, const CLI::ParseError& error,
                  const std::vector<std::string>& args) {
    const auto scopes = scopes_of(app);
    std::string command(entry.name);
    for (std::size_t i = 1; i < scopes.size(); ++i)
        command += " " + scopes[i]->get_name();
    const std::string help = fmt::format("airy {} --help tells the options", command);
    // The value behind an unknown option may be what is one too many.
    if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr ||
        dynamic_cast<const CLI::ArgumentMismatch*>(&error) != nullptr) {
        const std::string option = unknown_option(scopes, args);
        if (!option.empty()) {
            const auto near = nearest_option(scopes, option);
            return Error(
                ErrorKind::usage,
                fmt::format("airy {} has no option '{}'", command, util::printable(option)),
                near.empty() ? help : fmt::format("did you mean '{}'? {}", near, help));
        }
    }
    std::string message = error.what();
    std::ranges::replace(message, '\n', ' ');
    return Error(ErrorKind::usage, fmt::format("{}: {}", command, util::printable(message)), help);
}

}  // namespace airy::tools
