// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "cli/help.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <vector>

#include "cli/names.hpp"
#include "output/table.hpp"

namespace airy::tools::cli {
namespace {

constexpr std::size_t most_left = 34;    // columns of the names
constexpr std::size_t least_left = 16;   // likewise, on a narrow terminal
constexpr std::size_t least_right = 24;  // columns of the descriptions there
constexpr std::string_view last_groups[] = {"Broker", common_group};

// Words of `text`, in lines of at most `width` columns behind an indentation of `indent` columns.
// The first line has `used` columns already.
std::string wrapped(std::string_view text, std::size_t indent, std::size_t used,
                    std::size_t width) {
    if (width == 0) return std::string(text);
    width = std::max(width, indent + least_right);
    std::string out;
    std::size_t column = used;
    bool fresh = true;
    while (!text.empty()) {
        const auto word = text.substr(0, text.find(' '));
        text.remove_prefix(std::min(text.size(), word.size() + 1));
        const auto length = output::display_width(word);
        if (!fresh && column + 1 + length > width) {
            out += "\n" + std::string(indent, ' ');
            column = indent;
            fresh = true;
        }
        if (!fresh) {
            out += ' ';
            ++column;
        }
        out += word;
        column += length;
        fresh = false;
    }
    return out;
}

// A paragraph of several lines keeps them; each is wrapped.
std::string paragraph(std::string_view text, std::size_t width) {
    std::string out;
    while (!text.empty()) {
        const auto line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(text.size(), line.size() + 1));
        out += wrapped(line, 0, 0, width) + "\n";
    }
    return out;
}

std::string row(const std::string& left, std::string_view right, std::size_t width) {
    const auto left_column = width == 0 ? most_left : std::clamp(width / 3, least_left, most_left);
    std::string out = "  " + left;
    const auto used = output::display_width(out);
    if (right.empty()) return out + "\n";
    if (used + 1 >= left_column)
        out += "\n" + std::string(left_column, ' ');
    else
        out += std::string(left_column - used, ' ');
    return out + wrapped(right, left_column, left_column, width) + "\n";
}

bool repeats(const CLI::Option& option) {
    return option.get_expected_max() > 1;
}

// `text|json` of `{text,json}`; empty for other checks.
std::string choices_of(const CLI::Option& option) {
    auto checks = checks_of(option);
    if (!checks.starts_with('{') || !checks.ends_with('}')) return {};
    checks = checks.substr(1, checks.size() - 2);
    std::ranges::replace(checks, ',', '|');
    return checks;
}

std::string named(const CLI::Option& option) {
    const auto letter = letter_of(option);
    auto text = letter.empty() ? name_of(option) : letter + "," + name_of(option);
    const auto choices = choices_of(option);
    const auto value = choices.empty() ? value_name_of(option) : choices;
    if (!value.empty()) text += " " + value;
    if (repeats(option)) text += " …";
    return text;
}

std::string described(const CLI::Option& option) {
    std::string text = option.get_description();
    if (const auto checks = checks_of(option); !checks.empty() && choices_of(option).empty())
        text += fmt::format(" ({})", checks);
    if (!option.get_default_str().empty()) text += fmt::format(" [{}]", option.get_default_str());
    return text;
}

std::string operand_of(const CLI::Option& option) {
    auto name = value_name_of(option);
    const bool own_brackets = name.starts_with('[');
    if (!own_brackets) name = option.get_name(true);
    if (repeats(option) && !own_brackets) name += "…";
    return option.get_required() || own_brackets ? name : "[" + name + "]";
}

// The operands, the options that are needed, and the words of a child.
std::string usage(const CLI::App& app, std::string_view name, bool child) {
    std::string text = fmt::format("Usage: {}", name);
    for (const auto* option : app.get_options())
        if (option->get_positional()) text += " " + operand_of(*option);
    for (const auto* option : app.get_options())
        if (is_shown(*option) && option->get_required())
            text += fmt::format(" {} {}", name_of(*option), value_name_of(*option));
    if (app.get_require_subcommand_min() > 0) text += " SUBCOMMAND";
    text += " [OPTION…]";
    if (child) text += " -- CMD ARG…";
    return text;
}

std::string group_of(const CLI::App& app, const std::string& group, std::size_t width) {
    // The common options are declared by the command, for its subcommands too.
    const auto& owner = group == common_group && app.get_parent() ? *app.get_parent() : app;
    std::string text;
    for (const auto* option : owner.get_options())
        if (is_shown(*option) && option->get_group() == group)
            text += row(named(*option), described(*option), width);
    return text.empty() ? text : fmt::format("\n{}:\n{}", group, text);
}

// The command's own groups, in the order of their declaration; then those that all commands have.
std::vector<std::string> groups_of(const CLI::App& app) {
    std::vector<std::string> groups{"Options"};
    const auto add = [&groups](const std::string& group) {
        if (std::ranges::find(groups, group) == groups.end()) groups.push_back(group);
    };
    for (const auto* option : app.get_options())
        if (is_shown(*option) &&
            std::ranges::find(last_groups, option->get_group()) == std::end(last_groups))
            add(option->get_group());
    for (const auto group : last_groups)
        add(std::string(group));
    return groups;
}

}  // namespace

std::string help(const CLI::App& app, std::string_view name, bool child, std::size_t width) {
    std::string text = wrapped(app.get_description(), 0, 0, width) + "\n" +
                       wrapped(usage(app, name, child), 7, 0, width) + "\n";
    std::string operands;
    for (const auto* option : app.get_options())
        if (option->get_positional())
            operands += row(operand_of(*option), described(*option), width);
    if (!operands.empty()) text += "\nOperands:\n" + operands;
    std::string subcommands;
    for (const auto* sub : app.get_subcommands({}))
        subcommands += row(sub->get_name(), sub->get_description(), width);
    if (!subcommands.empty()) text += "\nSubcommands:\n" + subcommands;
    for (const auto& group : groups_of(app))
        text += group_of(app, group, width);
    if (!app.get_footer().empty()) text += "\n" + paragraph(app.get_footer(), width);
    return text;
}

}  // namespace airy::tools::cli
