// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "input/json_lines.hpp"

#include <fmt/format.h>

#include <string>

#include "util/json_text.hpp"

namespace airy::tools::input {
namespace {

constexpr std::string_view mark = "\xEF\xBB\xBF";  // U+FEFF in UTF-8
constexpr std::string_view white_space = " \t\r\n";

struct Form {
    std::string_view beginning;
    std::string_view name;
    std::string_view command;  // that makes plain text of it
};

constexpr Form forms[] = {
    {"\x1F\x8B", "compressed by gzip", "gzip -dc FILE | airy …"},
    {"\x28\xB5\x2F\xFD", "compressed by zstd", "zstd -dc FILE | airy …"},
    {"\xFD"
     "7zXZ",
     "compressed by xz", "xz -dc FILE | airy …"},
    {"BZh", "compressed by bzip2", "bzip2 -dc FILE | airy …"},
    {"PK\x03\x04", "a zip archive", "unzip -p FILE | airy …"},
    {"\xFF\xFE", "in UTF-16", "iconv -f UTF-16 -t UTF-8 FILE | airy …"},
    {"\xFE\xFF", "in UTF-16", "iconv -f UTF-16 -t UTF-8 FILE | airy …"},
};

std::string_view trimmed(std::string_view text) noexcept {
    const auto first = text.find_first_not_of(white_space);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(white_space) - first + 1);
}

// The text ends within an object or an array, or another value follows the first.
bool is_part_or_several(std::string_view text) {
    if (text.empty() || (text.front() != '{' && text.front() != '[')) return false;
    const auto fault = util::check_json(text);
    if (!fault) return false;
    if (fault->position >= text.size()) return true;
    const auto rest = text.substr(fault->position);
    return (rest.front() == '{' || rest.front() == '[') &&
           !util::check_json(trimmed(text.substr(0, fault->position)));
}

}  // namespace

std::string_view without_mark(std::string_view record) noexcept {
    if (record.starts_with(mark)) record.remove_prefix(mark.size());
    return record;
}

bool is_blank(std::string_view record) noexcept {
    return trimmed(without_mark(record)).empty();
}

void refuse_other_forms(std::string_view first_record) {
    for (const auto& form : forms)
        if (first_record.starts_with(form.beginning))
            throw Error(ErrorKind::invalid_event,
                        fmt::format("the input is {}, not lines of JSON", form.name),
                        std::string(form.command));
}

Error explained(const Error& error, std::string_view record) {
    const auto text = trimmed(without_mark(record));
    std::string hint;
    if (is_part_or_several(text))
        hint = "one event a line: jq -c . writes JSON that way";
    else if (text.starts_with('[') && !util::check_json(text))
        hint = "one event a line: jq -c '.[]' takes an array apart";
    if (hint.empty()) return error;
    return Error(error.reason(), error.what(), hint).about(error.subject());
}

}  // namespace airy::tools::input
