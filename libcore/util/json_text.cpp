// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "util/json_text.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cstring>
#include <system_error>

#include "util/text.hpp"

namespace airy::util {
namespace {

constexpr std::size_t deepest = 1024;  // bits in the scanner's stack

bool is_decimal_digit(char c) noexcept {
    return c >= '0' && c <= '9';
}

int hex_value(char c) noexcept {
    if (is_decimal_digit(c)) return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

// The value of four hexadecimal digits at `at`, or -1.
int hex4(const char* at, const char* end) noexcept {
    if (end - at < 4) return -1;
    int value = 0;
    for (int i = 0; i < 4; ++i) {
        const int digit = hex_value(at[i]);
        if (digit < 0) return -1;
        value = value * 16 + digit;
    }
    return value;
}

bool is_high_surrogate(int unit) noexcept {
    return unit >= 0xD800 && unit <= 0xDBFF;
}
bool is_low_surrogate(int unit) noexcept {
    return unit >= 0xDC00 && unit <= 0xDFFF;
}

// Skips plain bytes of a string: printable ASCII but `"` and `\`. Eight at a time; the sums set the
// top bit of the first other byte, and maybe of later bytes.
const char* skip_plain(const char* at, const char* end) noexcept {
    if constexpr (std::endian::native == std::endian::little) {
        constexpr std::uint64_t ones = 0x0101010101010101U;
        while (end - at >= 8) {
            std::uint64_t v;
            std::memcpy(&v, at, sizeof v);
            const std::uint64_t special = ((v - ones * 0x20) | ((v ^ (ones * '"')) - ones) |
                                           ((v ^ (ones * '\\')) - ones) | v) &
                                          (ones * 0x80);
            if (special != 0) return at + std::countr_zero(special) / 8;
            at += 8;
        }
    }
    while (at != end && *at >= 0x20 && *at != '"' && *at != '\\')
        ++at;
    return at;
}

// One pass over one JSON text. Keeps whether each open container is an object in a stack of bits.
class Scanner {
  public:
    Scanner(std::string_view text, std::size_t depth, std::vector<JsonMember>* members) noexcept
        : begin_(text.data()),
          at_(text.data()),
          end_(text.data() + text.size()),
          limit_(std::min(depth, deepest)),
          members_(members) {}

    bool scan() {
        skip_space();
        for (;;) {
            if (depth_ == 1) begin_member();
            bool complete = true;
            if (!value(complete)) return false;
            if (!complete) continue;  // a container has opened: next is its first value
            if (depth_ == 1) end_member();
            bool more = false;
            if (!after_value(more)) return false;
            if (!more) return true;
        }
    }

    JsonFault fault() const noexcept { return {static_cast<std::size_t>(at_ - begin_), what_}; }

  private:
    bool fail(const char* what) noexcept {
        what_ = what;
        return false;
    }

    char peek() const noexcept { return at_ == end_ ? '\0' : *at_; }

    void skip_space() noexcept {
        while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t'))
            ++at_;
    }

    bool in_object() const noexcept {
        const auto level = depth_ - 1;
        return ((objects_[level / 64] >> (level % 64)) & 1U) != 0;
    }

    // Reads a scalar or opens a container; `complete` = the value has ended.
    bool value(bool& complete) noexcept {
        switch (peek()) {
            case '{':
                return open(true, complete);
            case '[':
                return open(false, complete);
            case '"':
                return string();
            case 't':
                return word("true");
            case 'f':
                return word("false");
            case 'n':
                return word("null");
            default:
                return number();
        }
    }

    bool open(bool object, bool& complete) noexcept {
        if (depth_ == limit_) return fail("nested too deeply");
        const auto bit = std::uint64_t{1} << (depth_ % 64);
        auto& word = objects_[depth_ / 64];
        word = object ? word | bit : word & ~bit;
        ++depth_;
        ++at_;
        skip_space();
        if (peek() == (object ? '}' : ']')) {
            ++at_;
            --depth_;
            return true;
        }
        complete = false;
        return !object || key();
    }

    bool key() noexcept {
        if (peek() != '"') return fail("a name in double quotes is needed");
        const char* start = at_ + 1;
        escaped_ = false;
        if (!string()) return false;
        if (depth_ == 1) {
            key_ = {start, static_cast<std::size_t>(at_ - 1 - start)};
            key_escaped_ = escaped_;
        }
        skip_space();
        if (peek() != ':') return fail("':' is needed after the name");
        ++at_;
        skip_space();
        return true;
    }

    // Goes up while containers end, to the next value (`more`) or the end of the text.
    bool after_value(bool& more) {
        for (;;) {
            skip_space();
            if (depth_ == 0) return at_ == end_ || fail("something follows the value");
            const bool object = in_object();
            const char c = peek();
            if (c == ',') {
                ++at_;
                skip_space();
                more = true;
                return !object || key();
            }
            if (c != (object ? '}' : ']'))
                return fail(object ? "',' or '}' is needed" : "',' or ']' is needed");
            ++at_;
            --depth_;
            if (depth_ == 1) end_member();
        }
    }

    void begin_member() noexcept { member_start_ = at_; }

    void end_member() {
        if (members_ == nullptr) return;
        const std::string_view text(member_start_, static_cast<std::size_t>(at_ - member_start_));
        members_->push_back({key_, key_escaped_, json_kind(text), text});
    }

    bool word(std::string_view expected) noexcept {
        if (static_cast<std::size_t>(end_ - at_) < expected.size() ||
            std::string_view(at_, expected.size()) != expected)
            return fail("a JSON value is needed");
        at_ += expected.size();
        return true;
    }

    bool number() noexcept {
        if (peek() == '-') ++at_;
        if (!is_decimal_digit(peek()))
            return fail(at_ == end_ ? "it ends too early" : "a JSON value is needed");
        if (*at_ == '0')
            ++at_;
        else
            digits();
        if (is_decimal_digit(peek())) return fail("a number cannot begin with 0");
        if (peek() == '.') {
            ++at_;
            if (!is_decimal_digit(peek())) return fail("a digit is needed after '.'");
            digits();
        }
        if (peek() == 'e' || peek() == 'E') {
            ++at_;
            if (peek() == '+' || peek() == '-') ++at_;
            if (!is_decimal_digit(peek())) return fail("the exponent needs a digit");
            digits();
        }
        return true;
    }

    void digits() noexcept {
        while (at_ != end_ && is_decimal_digit(*at_))
            ++at_;
    }

    bool string() noexcept {
        ++at_;
        for (;;) {
            at_ = skip_plain(at_, end_);
            if (at_ == end_) return fail("a string has no end");
            if (*at_ == '"') {
                ++at_;
                return true;
            }
            if (*at_ == '\\') {
                escaped_ = true;
                if (!escape()) return false;
            } else if (static_cast<unsigned char>(*at_) < 0x20) {
                return fail("a control character in a string must be escaped");
            } else {
                const auto length = utf8_length({at_, static_cast<std::size_t>(end_ - at_)});
                if (length == 0) return fail("invalid UTF-8");
                at_ += length;
            }
        }
    }

    bool escape() noexcept {
        const char* start = at_;
        ++at_;
        const char c = peek();
        if (c != 'u') {
            if (at_ == end_ || std::string_view("\"\\/bfnrt").find(c) == std::string_view::npos) {
                at_ = start;
                return fail("unknown escape in a string");
            }
            ++at_;
            return true;
        }
        const int unit = hex4(at_ + 1, end_);
        if (unit < 0) {
            at_ = start;
            return fail("\\u needs four hexadecimal digits");
        }
        at_ += 5;
        if (is_low_surrogate(unit)) {
            at_ = start;
            return fail("unpaired surrogate in a string");
        }
        if (is_high_surrogate(unit)) {
            if (end_ - at_ < 6 || at_[0] != '\\' || at_[1] != 'u' ||
                !is_low_surrogate(hex4(at_ + 2, end_))) {
                at_ = start;
                return fail("unpaired surrogate in a string");
            }
            at_ += 6;
        }
        return true;
    }

    const char* begin_;
    const char* at_;
    const char* end_;
    std::size_t limit_;
    std::vector<JsonMember>* members_;
    std::size_t depth_ = 0;
    std::array<std::uint64_t, deepest / 64> objects_{};
    std::string_view key_;
    bool key_escaped_ = false;
    bool escaped_ = false;
    const char* member_start_ = nullptr;
    const char* what_ = "";
};

void append_utf8(std::string& out, unsigned point) {
    const auto put = [&out](unsigned byte) { out += static_cast<char>(byte); };
    if (point < 0x80) {
        put(point);
    } else if (point < 0x800) {
        put(0xC0 | (point >> 6));
        put(0x80 | (point & 0x3F));
    } else if (point < 0x10000) {
        put(0xE0 | (point >> 12));
        put(0x80 | ((point >> 6) & 0x3F));
        put(0x80 | (point & 0x3F));
    } else {
        put(0xF0 | (point >> 18));
        put(0x80 | ((point >> 12) & 0x3F));
        put(0x80 | ((point >> 6) & 0x3F));
        put(0x80 | (point & 0x3F));
    }
}

char simple_escape(char c) noexcept {
    switch (c) {
        case 'b':
            return '\b';
        case 'f':
            return '\f';
        case 'n':
            return '\n';
        case 'r':
            return '\r';
        case 't':
            return '\t';
        default:
            return c;
    }
}

}  // namespace

std::optional<JsonFault> check_json(std::string_view text, std::size_t depth) {
    Scanner scanner(text, depth, nullptr);
    if (scanner.scan()) return std::nullopt;
    return scanner.fault();
}

std::optional<JsonFault> scan_json(std::string_view text, JsonKind& kind,
                                   std::vector<JsonMember>& members, std::size_t depth) {
    members.clear();
    Scanner scanner(text, depth, &members);
    if (!scanner.scan()) return scanner.fault();
    kind = json_kind(text.substr(text.find_first_not_of(" \n\r\t")));
    return std::nullopt;
}

JsonKind json_kind(std::string_view value) noexcept {
    switch (value.empty() ? 'n' : value.front()) {
        case '{':
            return JsonKind::object;
        case '[':
            return JsonKind::array;
        case '"':
            return JsonKind::string;
        case 't':
        case 'f':
            return JsonKind::boolean;
        case 'n':
            return JsonKind::null;
        default:
            return JsonKind::number;
    }
}

std::string json_unescape(std::string_view raw) {
    std::string out;
    out.reserve(raw.size());
    for (std::size_t i = 0; i < raw.size();) {
        const auto slash = raw.find('\\', i);
        out.append(raw, i, slash == std::string_view::npos ? slash : slash - i);
        if (slash == std::string_view::npos || slash + 1 >= raw.size()) break;
        if (raw[slash + 1] != 'u') {
            out += simple_escape(raw[slash + 1]);
            i = slash + 2;
            continue;
        }
        const char* end = raw.data() + raw.size();
        auto point = static_cast<unsigned>(hex4(raw.data() + slash + 2, end));
        i = slash + 6;
        if (is_high_surrogate(static_cast<int>(point))) {
            const auto low = static_cast<unsigned>(hex4(raw.data() + slash + 8, end));
            point = 0x10000 + ((point - 0xD800) << 10) + (low - 0xDC00);
            i = slash + 12;
        }
        append_utf8(out, point);
    }
    return out;
}

std::string json_string(std::string_view value) {
    const auto raw = value.substr(1, value.size() - 2);
    return raw.find('\\') == std::string_view::npos ? std::string(raw) : json_unescape(raw);
}

void append_json_string(std::string& out, std::string_view text) {
    constexpr char hex[] = "0123456789abcdef";
    out += '"';
    const char* end = text.data() + text.size();
    for (const char* at = text.data(); at != end;) {
        const char* plain = at;
        while (at != end && static_cast<unsigned char>(*at) >= 0x20 && *at != '"' && *at != '\\')
            ++at;
        out.append(plain, at);
        if (at == end) break;
        const char c = *at++;
        out += '\\';
        switch (c) {
            case '"':
            case '\\':
                out += c;
                break;
            case '\n':
                out += 'n';
                break;
            case '\r':
                out += 'r';
                break;
            case '\t':
                out += 't';
                break;
            default:
                out += "u00";
                out += hex[static_cast<unsigned char>(c) >> 4];
                out += hex[static_cast<unsigned char>(c) & 0x0F];
        }
    }
    out += '"';
}

std::string quote_json(std::string_view text) {
    std::string out;
    append_json_string(out, text);
    return out;
}

std::string quote_any_json(std::string_view text) {
    return quote_json(is_utf8(text) ? std::string(text) : printable(text, 1000));
}

std::optional<std::int64_t> json_int64(std::string_view number) noexcept {
    std::int64_t value = 0;
    const char* end = number.data() + number.size();
    const auto [rest, error] = std::from_chars(number.data(), end, value);
    if (error != std::errc() || rest != end) return std::nullopt;
    return value;
}

bool is_json_number(std::string_view text) noexcept {
    if (text.empty() || (text.front() != '-' && !is_decimal_digit(text.front())) ||
        !is_decimal_digit(text.back()))
        return false;
    return Scanner(text, 1, nullptr).scan();
}

}  // namespace airy::util
