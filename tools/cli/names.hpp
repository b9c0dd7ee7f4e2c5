// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <CLI/CLI.hpp>
#include <cstddef>
#include <string>
#include <vector>

// The names of a declared option, for help, completion and the table of options. Only this folder
// includes it.
namespace airy::tools::cli {

// The heading of the options that each command has.
inline constexpr const char* common_group = "On every command";

// Whether the help and the completion show it as an option: operands and hidden ones are not.
inline bool is_shown(const CLI::Option& option) {
    return !option.get_positional() && !option.get_group().empty();
}

// Whether it is an option of one command, not one that each command has.
inline bool is_own(const CLI::Option& option) {
    return is_shown(option) && option.get_group() != common_group;
}

// `--count` of "-n,--count,--limit"; empty for an operand.
inline std::string name_of(const CLI::Option& option) {
    if (option.get_positional() || option.get_lnames().empty()) return {};
    return "--" + option.get_lnames().front();
}

// `-n`; empty where there is none.
inline std::string letter_of(const CLI::Option& option) {
    return option.get_snames().empty() ? std::string() : "-" + option.get_snames().front();
}

// The former spellings, which still work: `--limit`.
inline std::vector<std::string> former_names_of(const CLI::Option& option) {
    std::vector<std::string> names;
    for (const auto& name : option.get_lnames())
        if ("--" + name != name_of(option)) names.push_back("--" + name);
    return names;
}

// The place of the checks in the type's name: behind the colon of `FORMAT:{text,json}` or
// `N:1 to 9`, but not in `HOST:PORT`.
inline std::size_t checks_in(const std::string& type) {
    for (auto colon = type.find(':'); colon != type.npos; colon = type.find(':', colon + 1))
        if (type.find_first_of("{0123456789", colon) == colon + 1) return colon;
    return type.size();
}

// The name of the value: FORMAT of `FORMAT:{text,json}`; of an operand without one, the operand's
// name. Empty for a flag.
inline std::string value_name_of(const CLI::Option& option) {
    if (option.get_items_expected_max() == 0) return {};
    auto name = option.get_type_name();
    name.resize(checks_in(name));
    return option.get_positional() && (name.empty() || name == "TEXT") ? option.get_name(true)
                                                                       : name;
}

// The checks behind the value's name: `{text,json}`, `1 to 9`; empty where there are none.
inline std::string checks_of(const CLI::Option& option) {
    const auto type = option.get_type_name();
    const auto colon = checks_in(type);
    return colon == type.size() ? std::string() : type.substr(colon + 1);
}

}  // namespace airy::tools::cli
