// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "env_file.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <utility>

#include "net/percent.hpp"
#include "util/error.hpp"
#include "util/text.hpp"

namespace airy::tools {
namespace {

constexpr std::string_view blanks = " \t\r";

std::string_view trimmed(std::string_view text) {
    const auto from = std::min(text.find_first_not_of(blanks), text.size());
    text.remove_prefix(from);
    return text.substr(0, text.find_last_not_of(blanks) + 1);
}

bool is_name_character(char c) noexcept {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

// `$NAME` or `${NAME}` at the beginning of `text`: its length, and the name; 0: none.
std::size_t variable_at(std::string_view text, std::string_view& name) {
    const bool braces = text.substr(1).starts_with('{');
    const std::size_t begin = braces ? 2 : 1;
    auto end = begin;
    while (end < text.size() && is_name_character(text[end]))
        ++end;
    name = text.substr(begin, end - begin);
    if (name.empty() || (braces && (end == text.size() || text[end] != '}'))) return 0;
    return end + (braces ? 1 : 0);
}

// One file being read.
class Reader {
  public:
    Reader(std::string_view text, const std::string& file) : rest_(text), file_(file) {
        if (rest_.starts_with("\xEF\xBB\xBF")) rest_.remove_prefix(3);
    }

    Variables read() {
        while (!rest_.empty()) {
            ++line_;
            const auto end = std::min(rest_.find('\n'), rest_.size());
            auto line = trimmed(rest_.substr(0, end));
            if (line.empty() || line.starts_with('#')) {
                rest_.remove_prefix(std::min(end + 1, rest_.size()));
                continue;
            }
            read_assignment(line);
        }
        return std::move(variables_);
    }

  private:
    void read_assignment(std::string_view line) {
        if (line.starts_with("export ")) line = trimmed(line.substr(7));
        const auto separator = line.find_first_of("=:");
        const auto name = trimmed(line.substr(0, separator));
        const auto belongs = [](char c) { return is_name_character(c) || c == '.' || c == '-'; };
        if (separator == line.npos || name.empty() || !std::ranges::all_of(name, belongs))
            wrong("is not of the form NAME=VALUE");
        // A value in quotes may go on over lines, so it is read from the whole text.
        const auto value_at = static_cast<std::size_t>(line.data() - rest_.data()) + separator + 1;
        rest_.remove_prefix(value_at);
        rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t"), rest_.size()));
        variables_[std::string(name)] = read_value();
    }

    std::string read_value() {
        if (rest_.starts_with('\'') || rest_.starts_with('"')) return read_quoted(rest_[0]);
        const auto end = std::min(rest_.find('\n'), rest_.size());
        auto value = rest_.substr(0, end);
        rest_.remove_prefix(std::min(end + 1, rest_.size()));
        if (value.starts_with('#')) return {};
        for (auto mark = value.find('#'); mark != value.npos; mark = value.find('#', mark + 1))
            if (blanks.find(value[mark - 1]) != blanks.npos) {
                value = value.substr(0, mark);
                break;
            }
        return expanded(trimmed(value), false);
    }

    std::string read_quoted(char quote) {
        std::size_t end = 1;
        while (end < rest_.size() && rest_[end] != quote)
            end += rest_[end] == '\\' && quote == '"' ? 2 : 1;
        if (end >= rest_.size()) wrong("has a quotation mark that does not end");
        const auto inside = rest_.substr(1, end - 1);
        line_ += static_cast<std::size_t>(std::ranges::count(inside, '\n'));
        rest_.remove_prefix(end + 1);
        const auto line_end = std::min(rest_.find('\n'), rest_.size());
        const auto behind = trimmed(rest_.substr(0, line_end));
        if (!behind.empty() && !behind.starts_with('#'))
            wrong("has text behind its quotation marks");
        rest_.remove_prefix(std::min(line_end + 1, rest_.size()));
        return quote == '"' ? expanded(inside, true) : std::string(inside);
    }

    // With the variables' values; with escapes only in "…".
    std::string expanded(std::string_view text, bool escapes) const {
        std::string out;
        for (std::size_t i = 0; i < text.size(); ++i) {
            std::string_view name;
            if (text[i] == '\\' && i + 1 < text.size() && (escapes || text[i + 1] == '$')) {
                const char c = text[++i];
                out += escapes && c == 'n' ? '\n' : escapes && c == 'r' ? '\r' : c;
            } else if (const auto size = text[i] == '$' ? variable_at(text.substr(i), name) : 0) {
                const auto known = variables_.find(std::string(name));
                if (known != variables_.end()) out += known->second;
                i += size - 1;
            } else {
                out += text[i];
            }
        }
        return out;
    }

    [[noreturn]] void wrong(std::string_view why) const {
        throw Error(ErrorKind::usage,
                    fmt::format("line {} of '{}' {}", line_, util::printable(file_), why),
                    "an env file has lines such as MQ_HOST=localhost, and comments behind #");
    }

    std::string_view rest_;
    const std::string& file_;
    std::size_t line_ = 0;
    Variables variables_;
};

std::string content_of(const std::string& file) {
    if (std::filesystem::is_directory(file))
        throw Error(ErrorKind::usage,
                    fmt::format("cannot read '{}': it is a directory", util::printable(file)),
                    "--env-file names a file of variables, such as Airy's .env");
    std::ifstream stream(file, std::ios::binary);
    std::string text{std::istreambuf_iterator<char>(stream), {}};
    if (!stream.is_open() || stream.bad())
        throw Error(ErrorKind::usage, fmt::format("cannot read '{}'", util::printable(file)));
    return text;
}

// Airy pastes these into a URL.
bool is_pasted(Setting setting) noexcept {
    return setting == Setting::user || setting == Setting::password || setting == Setting::vhost;
}

}  // namespace

Variables parse_env_file(std::string_view text, const std::string& file) {
    return Reader(text, file).read();
}

void EnvFileSource::load() const {
    if (path_.empty()) return;
    for (const auto& file : {path_ + ".local", path_})
        if (std::error_code ignored; std::filesystem::exists(file, ignored))
            files_.push_back({file, parse_env_file(content_of(file), file)});
    if (files_.empty())
        throw Error(ErrorKind::usage,
                    fmt::format("there is neither '{}' nor '{}.local'", util::printable(path_),
                                util::printable(path_)),
                    "--env-file names a file of variables, such as Airy's .env");
}

std::optional<SettingValue> EnvFileSource::find(const SettingRow& row) const {
    std::call_once(once_, [this] { load(); });
    for (const auto& [file, variables] : files_)
        for (const auto variable : row.variables) {
            const auto found = variables.find(std::string(variable));
            if (found == variables.end() || found->second.empty()) continue;
            SettingValue value{found->second, fmt::format("{} in {}", variable, file)};
            std::string decoded;
            if (is_pasted(row.setting) && !net::percent_decode(found->second, decoded)) {
                value.text = std::move(decoded);
                value.decoded = true;
            }
            return value;
        }
    return std::nullopt;
}

std::string& env_file_option() noexcept {
    static std::string path;
    return path;
}

}  // namespace airy::tools
