// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// Writes JSON with its commas, quotes, escapes and braces, so that no format string has to. Objects
// and arrays are plain values: the inner one is built, then added to the outer one.
namespace airy::util {

// A number with this many digits after the point, e.g. milliseconds to the microsecond.
struct JsonFixed {
    double value;
    int digits;
};

// A value that is JSON already. Borrows the text until it is added.
struct JsonRaw {
    std::string_view text;
};

// Each appends one value. Text may be any bytes, as with quote_any_json; a double is written with
// as many digits as tell it from its neighbours; a number that is not finite is null.
void append_json(std::string& out, std::string_view text);
void append_json(std::string& out, std::nullptr_t);
void append_json(std::string& out, double number);
void append_json(std::string& out, JsonFixed number);
void append_json(std::string& out, JsonRaw json);
void append_json_integer(std::string& out, std::int64_t number);
void append_json_integer(std::string& out, std::uint64_t number);

void append_json(std::string& out, std::same_as<bool> auto flag) {
    out += flag ? "true" : "false";
}

// Integers keep all their digits, beyond 2^53 too.
template <std::integral T>
requires(!std::same_as<T, bool> && !std::same_as<T, char>) void append_json(std::string& out,
                                                                            T number) {
    if constexpr (std::signed_integral<T>)
        append_json_integer(out, std::int64_t{number});
    else
        append_json_integer(out, std::uint64_t{number});
}

// null where there is no value.
template <typename T>
void append_json(std::string& out, const std::optional<T>& value) {
    if (value)
        append_json(out, *value);
    else
        append_json(out, nullptr);
}

// `[…]`, of values of any kind.
class JsonArray {
  public:
    JsonArray() = default;
    template <typename Values>
    explicit JsonArray(const Values& values) {
        for (const auto& value : values)
            add(value);
    }

    template <typename T>
    JsonArray& add(const T& value) {
        if (text_.size() > 1) text_ += ',';
        append_json(text_, value);
        return *this;
    }

    std::string text() const { return text_ + ']'; }

  private:
    std::string text_ = "[";
};

// `{…}`, members in the order in which they were added.
class JsonObject {
  public:
    JsonObject() {
        text_.reserve(usual_size);
        text_ += '{';
    }

    template <typename T>
    JsonObject& add(std::string_view key, const T& value) {
        begin_member(key);
        append_json(text_, value);
        return *this;
    }

    std::string text() const { return text_ + '}'; }
    // The text and a line end.
    std::string line() const { return text_ + "}\n"; }

  private:
    static constexpr std::size_t usual_size = 256;  // bytes: enough for most, in one allocation

    void begin_member(std::string_view key);

    std::string text_;
};

inline void append_json(std::string& out, const JsonArray& array) {
    out += array.text();
}
inline void append_json(std::string& out, const JsonObject& object) {
    out += object.text();
}

// For members that are null instead of an empty text.
inline std::optional<std::string_view> null_if_empty(std::string_view text) {
    return text.empty() ? std::nullopt : std::optional(text);
}

}  // namespace airy::util
