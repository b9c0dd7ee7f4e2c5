// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "event_types.hpp"

#include <string_view>

namespace airy::tools {
namespace {

bool needs_quotes(std::string_view word) {
    return word.find_first_not_of(
               "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
               "0123456789@%_+=:,./-") != std::string_view::npos;
}

}  // namespace

const event::Catalogue& catalogue() {
    static const event::Catalogue of_airy(event::airy_types());
    return of_airy;
}

std::string example_command(const event::EventType& type) {
    std::string command = "airy publish ";
    command += type.name;
    for (const auto& field : type.fields) {
        if (field.optional) continue;
        command += " --set ";
        command += field.name;
        command += '=';
        // No example has an apostrophe in it.
        const std::string_view quote = needs_quotes(field.example) ? "'" : "";
        command += quote;
        command += field.example;
        command += quote;
    }
    return command;
}

}  // namespace airy::tools
