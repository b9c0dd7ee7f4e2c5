// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "event/topic.hpp"

#include <fmt/format.h>

#include <cstddef>
#include <optional>

#include "util/error.hpp"
#include "util/text.hpp"

namespace airy::event {
namespace {

constexpr std::size_t longest = 255;  // AMQP short string

// The words of a topic one after the other; the empty topic has none.
class Words {
  public:
    explicit Words(std::string_view text) noexcept : rest_(text), done_(text.empty()) {}

    std::optional<std::string_view> next() noexcept {
        if (done_) return std::nullopt;
        const auto dot = rest_.find('.');
        const auto word = rest_.substr(0, dot);
        if (dot == std::string_view::npos)
            done_ = true;
        else
            rest_.remove_prefix(dot + 1);
        return word;
    }

  private:
    std::string_view rest_;
    bool done_;
};

[[noreturn]] void refuse(std::string_view what, std::string_view text, std::string_view why,
                         std::string_view hint) {
    throw Error(ErrorKind::usage, fmt::format("{} '{}' {}", what, util::printable(text, 80), why),
                std::string(hint));
}

void check_bytes(std::string_view what, std::string_view text, std::string_view hint) {
    if (text.empty()) refuse(what, text, "is empty", hint);
    if (text.size() > longest)
        refuse(what, text, fmt::format("has {} bytes; AMQP allows {}", text.size(), longest), "");
    if (!util::is_utf8(text)) refuse(what, text, "is not UTF-8", "");
}

}  // namespace

void check_topic(std::string_view topic) {
    check_bytes("topic", topic, "a topic is words joined by dots, such as post.published");
    Words words(topic);
    while (const auto word = words.next())
        if (*word == "*" || *word == "#")
            refuse("topic", topic, "has a wildcard",
                   "a message has one topic, such as post.published; patterns are for readers");
}

void check_pattern(std::string_view pattern) {
    check_bytes("pattern", pattern, "the pattern for everything is '#'");
    Words words(pattern);
    while (const auto word = words.next())
        if (word->size() > 1 && word->find_first_of("*#") != std::string_view::npos)
            refuse("pattern", pattern,
                   fmt::format("has a wildcard inside the word '{}'", util::printable(*word, 80)),
                   "'*' (one word) and '#' (zero or more words) stand alone between dots: post.*, "
                   "#.deleted");
}

bool matches(std::string_view pattern, std::string_view topic) noexcept {
    // `#` first takes no word; when the pattern after it fails, it takes one word more. Only the
    // last `#` needs another try: the earlier ones took as few words as they could.
    Words p(pattern);
    Words t(topic);
    std::optional<Words> after_hash;
    std::optional<Words> retry_at;
    for (;;) {
        const auto word = p.next();
        if (word == "#") {
            after_hash = p;
            retry_at = t;
            continue;
        }
        const auto given = t.next();
        if (!word && !given) return true;
        if (word && given && (*word == "*" || *word == *given)) continue;
        if (!retry_at || !retry_at->next()) return false;
        p = *after_hash;
        t = *retry_at;
    }
}

}  // namespace airy::event
