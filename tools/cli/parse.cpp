// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "cli/parse.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <string_view>

#include "cli/help.hpp"
#include "cli/names.hpp"
#include "options.hpp"
#include "output/stream.hpp"
#include "usage.hpp"
#include "util/error.hpp"
#include "util/text.hpp"

namespace airy::tools::cli {
namespace {

// The command and the subcommands named on the line, as far as CLI11 read them.
std::vector<const CLI::App*> scopes_of(const CLI::App& app) {
    std::vector<const CLI::App*> scopes{&app};
    while (!scopes.back()->get_subcommands().empty())
        scopes.push_back(scopes.back()->get_subcommands().front());
    return scopes;
}

// `airy queue peek`.
std::string full_name(const CommandEntry& entry, const CLI::App& app) {
    std::string name = fmt::format("airy {}", entry.name);
    const auto scopes = scopes_of(app);
    for (std::size_t i = 1; i < scopes.size(); ++i)
        name += " " + scopes[i]->get_name();
    return name;
}

// The long option nearest to `word`, or an empty text.
std::string nearest_option(const std::vector<const CLI::App*>& scopes, std::string_view word) {
    std::vector<std::string> names;
    for (const auto* scope : scopes)
        for (const auto* option : scope->get_options())
            if (is_shown(*option)) names.push_back(name_of(*option));
    const std::vector<std::string_view> candidates(names.begin(), names.end());
    return std::string(util::nearest(word, candidates));
}

// The first argument that looks like an option and belongs to no scope.
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

// The error for a missing subcommand: names the word in its place and the nearest subcommand.
Error no_subcommand(const std::string& command, const CLI::App& scope,
                    const std::vector<std::string>& args) {
    std::vector<std::string> names;
    for (const auto* sub : scope.get_subcommands([](const CLI::App*) { return true; }))
        names.push_back(sub->get_name());
    const std::string there_are = fmt::format("there are {}", fmt::join(names, ", "));
    if (args.empty() || args.front().starts_with('-'))
        return Error(ErrorKind::usage, fmt::format("{} needs a command", command), there_are);
    const std::vector<std::string_view> candidates(names.begin(), names.end());
    const auto near = util::nearest(args.front(), candidates);
    return Error(ErrorKind::usage,
                 fmt::format("{} has no command '{}'", command, shown_argument(args.front())),
                 near.empty() ? there_are : fmt::format("did you mean '{}'? {}", near, there_are));
}

// The first option on the line that belongs to the command alone: CLI11 takes it behind the name of
// a subcommand, too, which would ignore it. Empty: there is none.
std::string option_without_effect(const std::vector<const CLI::App*>& scopes) {
    for (std::size_t i = 0; i + 1 < scopes.size(); ++i)
        for (const auto* option : scopes[i]->get_options())
            if (is_own(*option) && option->count() > 0 &&
                scopes.back()->get_option_no_throw(name_of(*option)) == nullptr)
                return name_of(*option);
    return {};
}

// Masks the URLs of the line in a message that may repeat them.
std::string without_passwords(std::string message, const std::vector<std::string>& args) {
    for (const auto& arg : args) {
        if (arg.find("://") == arg.npos) continue;
        // CLI11 may repeat the whole argument, or only the value behind an option's name.
        for (const auto& text : {arg, arg.substr(arg.find('=') + 1)})
            if (const auto at = message.find(text); at != message.npos)
                message.replace(at, text.size(), shown_argument(text));
    }
    return message;
}

// Rewrites CLI11's error in the project's words.
Error complaint(const CommandEntry& entry, const CLI::App& app, const CLI::ParseError& error,
                const std::vector<std::string>& args) {
    const auto scopes = scopes_of(app);
    const std::string command = full_name(entry, app);
    const std::string help = fmt::format("{} --help lists the options", command);
    // CLI11 may complain about the value behind an unknown option.
    if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr ||
        dynamic_cast<const CLI::ArgumentMismatch*>(&error) != nullptr) {
        const std::string option = unknown_option(scopes, args);
        if (!option.empty()) {
            const auto near = nearest_option(scopes, option);
            return Error(ErrorKind::usage,
                         fmt::format("{} has no option '{}'", command, shown_argument(option)),
                         near.empty() ? help : fmt::format("did you mean '{}'? {}", near, help));
        }
    }
    const auto& scope = *scopes.back();
    if (dynamic_cast<const CLI::RequiredError*>(&error) != nullptr &&
        scope.get_require_subcommand_min() > 0 && scope.get_subcommands().empty())
        return no_subcommand(command, scope, args);
    std::string message = without_passwords(error.what(), args);
    std::ranges::replace(message, '\n', ' ');
    return Error(
        ErrorKind::usage,
        fmt::format("{}: {}", command.substr(command.find(' ') + 1), util::printable(message)),
        help);
}

}  // namespace

std::optional<std::string> parse(const CommandEntry& entry, Command& command,
                                 const std::vector<std::string>& args) {
    CLI::App parser{std::string(entry.summary), "airy " + std::string(entry.name)};
    parser.set_help_flag("-h,--help", "show this help and exit");
    App app(parser);
    command.add_options(app);
    common_options().add(app);
    try {
        std::vector<std::string> reversed(args.rbegin(), args.rend());  // CLI11 reads from the end
        parser.parse(reversed);
    } catch (const CLI::CallForHelp&) {
        const auto* const scope = scopes_of(parser).back();
        const auto width = output::stdout_is_terminal() ? output::terminal_width() : 0;
        return help(*scope, full_name(entry, parser), entry.takes_child,
                    static_cast<std::size_t>(width));
    } catch (const CLI::ParseError& error) {
        throw complaint(entry, parser, error, args);
    }
    if (const auto option = option_without_effect(scopes_of(parser)); !option.empty()) {
        const auto name = full_name(entry, parser);
        throw Error(ErrorKind::usage, fmt::format("{} has no option '{}'", name, option),
                    fmt::format("{} --help lists the options", name));
    }
    return std::nullopt;
}

}  // namespace airy::tools::cli
