// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "usage.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <iterator>

#include "net/url.hpp"
#include "settings.hpp"
#include "util/text.hpp"

namespace airy::tools {
namespace {

// Options beside the settings that may stand before the command and take a value.
constexpr std::string_view value_options[] = {
    "-o",          "--output",          "--log-format",
    "--heartbeat", "--connect-timeout", "--management-timeout",
    "--env-file"};

// So that take_command does not take the value for the command.
bool takes_value(std::string_view option) {
    if (std::ranges::find(value_options, option) != std::end(value_options)) return true;
    return std::ranges::any_of(setting_rows(),
                               [option](const SettingRow& row) { return row.has_flag(option); });
}

}  // namespace

std::string overview() {
    std::string text =
        "airy publishes, tails and consumes the events of an Airy site, and looks after\n"
        "its queues\n"
        "\n"
        "Usage: airy COMMAND [OPTION…] [ARG…]\n"
        "\n"
        "Commands:\n";
    for (const auto& entry : commands())
        if (!entry.hidden) text += fmt::format("  {:<12}{}\n", entry.name, entry.summary);
    text +=
        "\n"
        "airy COMMAND --help lists its options; man airy and man airy-COMMAND tell more.\n"
        "The broker is --url, AIRY_URL, AMQP_URL, MQ_HOST…, or\n"
        "amqp://guest:guest@localhost:5672/.\n";
    return text;
}

Error unknown_command(std::string_view name) {
    std::vector<std::string_view> names;
    for (const auto& entry : commands())
        if (!entry.hidden) names.push_back(entry.name);
    const auto near = util::nearest(name, names);
    return Error(ErrorKind::usage, fmt::format("there is no command '{}'", shown_argument(name)),
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
        if (takes_value(arg)) ++i;
    }
    if (!args.empty())
        throw Error(ErrorKind::usage,
                    fmt::format("no command given with '{}'", shown_argument(args.front())),
                    "airy --help lists the commands; options stand behind them");
    throw Error(ErrorKind::usage, "no command given", "airy --help lists them");
}

std::string shown_argument(std::string_view argument) {
    const bool is_url = argument.find("://") != argument.npos;
    return util::printable(is_url ? net::masked_url(argument) : argument);
}

std::vector<std::string> split_child(std::vector<std::string>& args) {
    const auto dashes = std::ranges::find(args, "--");
    if (dashes == args.end()) return {};
    std::vector<std::string> child(dashes + 1, args.end());
    args.erase(dashes, args.end());
    return child;
}

}  // namespace airy::tools
