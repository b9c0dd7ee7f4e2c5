// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

namespace airy::util {

enum class LogLevel { error, warn, info, debug };
enum class LogFormat { text, json };

// One key with its value, beside the message; borrows the text during the call.
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

// The program's receiver of log lines: it gets each whole, with its newline, from any thread, also
// from several threads at once.
using LogSink = void (*)(std::string_view line) noexcept;

// Returns a text as it may be shown, without secrets. Any thread.
using LogMask = std::string (*)(std::string_view text);

// Log lines are text (`warn: message key=value`) or JSON
// (`{"time":…,"level":…,"message":…,"key":…}`) and go to `sink`. The message and each text beside
// it are masked before the line is made of them: a mask of the finished line would not see where a
// text ends. A library does not write to its program's stderr: before this call, and with nullptr,
// nothing is logged. Call before threads start.
void log_init(LogLevel level, LogFormat format, bool colour, LogSink sink,
              LogMask mask = nullptr) noexcept;

// Whether a line of this level would be written; spares the caller the work on its fields.
bool log_enabled(LogLevel level) noexcept;

// Any thread. Text from outside is escaped (see printable()).
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
