// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <variant>

namespace airy::util {

enum class LogLevel { error, warn, info, debug };
enum class LogFormat { text, json };

// One key with its value, beside the message; the text is used during the call only.
struct LogField {
    std::string_view key;
    std::variant<std::string_view, std::int64_t, std::uint64_t, double, bool> value;

    LogField(std::string_view k, std::string_view v) : key(k), value(v) {}
    LogField(std::string_view k, const char* v) : key(k), value(std::string_view(v)) {}
    LogField(std::string_view k, bool v) : key(k), value(v) {}
    LogField(std::string_view k, std::floating_point auto v)
        : key(k), value(static_cast<double>(v)) {}
    LogField(std::string_view k, std::signed_integral auto v)
        : key(k), value(static_cast<std::int64_t>(v)) {}
    template <std::unsigned_integral T>
    requires(!std::same_as<T, bool>) LogField(std::string_view k, T v)
        : key(k), value(static_cast<std::uint64_t>(v)) {}
};

using LogFields = std::initializer_list<LogField>;

// Log lines go to stderr: text (`warn: message key=value`) or JSON lines
// (`{"time":…,"level":…,"message":…,"key":…}`). Before log_init: warnings and errors, as text. Sets
// three values; nothing is built until a line is logged. Call before threads start.
void log_init(LogLevel level, LogFormat format, bool colour) noexcept;

// Whether a line of this level would be written; to spare work on its fields.
bool log_enabled(LogLevel level) noexcept;

// Any thread. Lines are written whole. Text from outside is escaped (see printable()); failures to
// write are ignored.
void log(LogLevel level, std::string_view message, LogFields fields = {}) noexcept;

inline void log_error(std::string_view message, LogFields fields = {}) noexcept {
    log(LogLevel::error, message, fields);
}
inline void log_warn(std::string_view message, LogFields fields = {}) noexcept {
    log(LogLevel::warn, message, fields);
}
inline void log_info(std::string_view message, LogFields fields = {}) noexcept {
    if (log_enabled(LogLevel::info)) log(LogLevel::info, message, fields);
}
inline void log_debug(std::string_view message, LogFields fields = {}) noexcept {
    if (log_enabled(LogLevel::debug)) log(LogLevel::debug, message, fields);
}

}  // namespace airy::util
