// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "work/meant_answer.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <system_error>

namespace airy::work {
namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
constexpr std::string_view blank = " \t\r";

bool is_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// Reads JSON of which nothing is certain: it may end anywhere, and be written by hand.
class LooseJson {
  public:
    explicit LooseJson(std::string_view text) : left_(text) {
        if (left_.starts_with(byte_order_mark)) left_.remove_prefix(byte_order_mark.size());
    }

    bool over() {
        left_.remove_prefix(std::min(left_.find_first_not_of(blank), left_.size()));
        return left_.empty();
    }
    char peek() const { return left_.front(); }
    void skip() { left_.remove_prefix(1); }
    bool at_word() const { return peek() == '"' || peek() == '\'' || is_word(peek()); }
    // A string in any quotes, without them, or a bare word.
    std::string_view word() {
        const char quote = peek();
        if (quote != '"' && quote != '\'') {
            const auto* const end = std::ranges::find_if_not(left_, is_word);
            return take(static_cast<std::size_t>(end - left_.begin()));
        }
        skip();
        std::size_t end = 0;
        while (end < left_.size() && left_[end] != quote)
            end += left_[end] == '\\' ? 2 : 1;
        const auto word = take(std::min(end, left_.size()));
        if (!left_.empty()) skip();
        return word;
    }
    // Whether a colon follows, which then is behind.
    bool colon() {
        if (over() || peek() != ':') return false;
        skip();
        return true;
    }

  private:
    std::string_view take(std::size_t length) {
        const auto taken = left_.substr(0, length);
        left_.remove_prefix(length);
        return taken;
    }

    std::string_view left_;
};

// The members of an object that tell what it is.
struct Found {
    bool id = false;
    bool result = false;
    bool topic = false;
    std::vector<std::uint64_t> ids{};
    bool unknown = false;

    void member(std::string_view key, LooseJson& value) {
        if (key == "result") result = true;
        if (key == "topic") topic = true;
        if (key != "id") return;
        id = true;
        std::uint64_t number = 0;
        const auto digits = value.over() || !value.at_word() ? std::string_view() : value.word();
        const auto* const end = digits.data() + digits.size();
        const auto [rest, error] = std::from_chars(digits.data(), end, number);
        if (error == std::errc() && rest == end && !digits.empty())
            ids.push_back(number);
        else
            unknown = true;
    }
    bool is_answer() const { return id && (result || !topic); }
};

// A line within an answer that is written over several lines.
bool refuses(LooseJson line) {
    if (line.over() || !line.at_word() || line.word() != "result" || !line.colon()) return false;
    if (line.over() || !line.at_word()) return false;
    const auto word = line.word();
    return word == "retry" || word == "reject" || word == "requeue";
}

}  // namespace

std::optional<MeantAnswer> meant_answer(std::string_view line) {
    LooseJson text(line);
    if (refuses(text)) return MeantAnswer{{}, true};
    if (text.over() || (text.peek() != '{' && text.peek() != '[')) return std::nullopt;
    MeantAnswer meant;
    bool any = false;
    std::size_t depth = 0;      // the brackets around the place
    std::size_t object_at = 0;  // the depth of the object within nothing but arrays; 0: none
    Found object;
    const auto conclude = [&] {
        if (object.is_answer()) {
            any = true;
            meant.unknown = meant.unknown || object.unknown;
            meant.ids.insert(meant.ids.end(), object.ids.begin(), object.ids.end());
        }
        object = {};
    };
    while (!text.over()) {
        const bool in_object = object_at != 0 && depth == object_at;
        const char c = text.peek();
        if (text.at_word()) {
            const auto word = text.word();
            if (text.colon() && in_object) object.member(word, text);
            continue;
        }
        text.skip();
        if (c == '{' || c == '[') {
            ++depth;
            if (c == '{' && object_at == 0) object_at = depth;
        } else if ((c == '}' || c == ']') && depth > 0) {
            if (in_object) {
                conclude();
                object_at = 0;
            }
            --depth;
        }
    }
    conclude();
    if (!any) return std::nullopt;
    return meant;
}

}  // namespace airy::work
