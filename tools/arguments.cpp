// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "arguments.hpp"

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>

#include "net/url.hpp"

namespace airy::tools {
namespace {

constexpr std::string_view header_flag = "--http-header";

bool begins_with_scheme(std::string_view text) noexcept {
    const auto end = text.find("://");
    return end != text.npos && std::ranges::all_of(text.substr(0, end), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '+' || c == '-' || c == '.';
           });
}

// A header without its value; one whose value is in a file stays.
std::string masked_header(std::string_view header) {
    const auto colon = header.find(':');
    if (colon == header.npos) return "***";
    const auto value = header.find_first_not_of(" \t", colon + 1);
    if (value == header.npos || header[value] == '@') return std::string(header);
    return std::string(header.substr(0, value)) + "***";
}

// The rest of the place becomes empty arguments.
void overwrite(char* place, std::string_view text) {
    const auto room = std::strlen(place);
    const auto size = std::min(room, text.size());
    std::memcpy(place, text.data(), size);
    std::memset(place + size, 0, room - size);
}

void hide(char* place, bool header) {
    const std::string_view value = place;
    if (header)
        overwrite(place, masked_header(value));
    else if (begins_with_scheme(value))
        overwrite(place, net::masked_url(value));
}

}  // namespace

void hide_secrets(std::span<char*> arguments) {
    bool header_follows = false;
    for (auto* argument : arguments) {
        const std::string_view text = argument;
        if (text == "--") return;
        const auto equals = text.starts_with("--") ? text.find('=') : text.npos;
        if (header_follows || equals == text.npos)
            hide(argument, header_follows);
        else
            hide(argument + equals + 1, text.substr(0, equals) == header_flag);
        header_follows = !header_follows && text == header_flag;
    }
}

}  // namespace airy::tools
