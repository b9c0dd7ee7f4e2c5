// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "consume/http_headers.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <string_view>

#include "util/error.hpp"
#include "util/text.hpp"

namespace airy::tools::consume {
namespace {

constexpr std::size_t largest_header_file = 64 * 1024;  // bytes

std::string_view without_blank_ends(std::string_view text) {
    constexpr std::string_view blanks = " \t\r\n";
    text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size()));
    return text.substr(0, text.find_last_not_of(blanks) + 1);
}

std::string text_of_file(std::string_view flag, const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::string text(largest_header_file + 1, '\0');
    if (file) file.read(text.data(), static_cast<std::streamsize>(text.size()));
    if (!file.is_open() || file.bad())
        throw Error(ErrorKind::usage, fmt::format("{}: cannot read '{}': {}", flag,
                                                  util::printable(path), std::strerror(errno)));
    text.resize(static_cast<std::size_t>(file.gcount()));
    if (text.size() > largest_header_file)
        throw Error(ErrorKind::usage, fmt::format("{}: '{}' has more than {} bytes", flag,
                                                  util::printable(path), largest_header_file));
    return text;
}

net::HttpHeader split_header(std::string_view flag, std::string_view text) {
    const auto colon = text.find(':');
    const auto name = without_blank_ends(text.substr(0, colon));
    if (colon == text.npos || name.empty())
        throw Error(ErrorKind::usage, fmt::format("{}: a header reads NAME: VALUE", flag),
                    "e.g. --http-header 'Authorization: @token.txt', whose value is in a file");
    return {std::string(name), std::string(without_blank_ends(text.substr(colon + 1)))};
}

}  // namespace

std::vector<net::HttpHeader> read_http_headers(const std::vector<std::string>& options,
                                               const std::string& file) {
    std::vector<net::HttpHeader> headers;
    constexpr std::string_view flag = "--http-header";
    for (const auto& option : options) {
        auto header = split_header(flag, option);
        if (header.value.starts_with('@')) {
            const auto text = text_of_file(flag, header.value.substr(1));
            header.value = without_blank_ends(text);
        }
        headers.push_back(std::move(header));
    }
    if (file.empty()) return headers;
    constexpr std::string_view file_flag = "--http-header-file";
    const auto text = text_of_file(file_flag, file);
    for (std::string_view rest = text; !rest.empty();) {
        const auto line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(line.size() + 1, rest.size()));
        if (without_blank_ends(line).empty() || line.starts_with('#')) continue;
        headers.push_back(split_header(file_flag, line));
    }
    return headers;
}

}  // namespace airy::tools::consume
