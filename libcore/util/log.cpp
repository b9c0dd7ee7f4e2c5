// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "util/log.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <iterator>
#include <string>

#include "util/clock.hpp"
#include "util/json_text.hpp"
#include "util/json_writer.hpp"
#include "util/text.hpp"
#include "util/timestamp.hpp"

namespace airy::util {
namespace {

// Set before threads start, except for tests; relaxed reads are enough.
std::atomic<LogLevel> current_level{LogLevel::warn};
std::atomic<LogFormat> current_format{LogFormat::text};
std::atomic<bool> with_colour{false};
std::atomic<LogSink> current_sink{nullptr};
std::atomic<LogMask> current_mask{nullptr};

// Bytes of one value, which may be long output of a handler; the rest is cut off.
constexpr std::size_t text_limit = 4096;

constexpr std::array<std::string_view, 4> level_names{"error", "warn", "info", "debug"};

std::string_view name_of(LogLevel level) {
    return level_names[static_cast<std::size_t>(level)];
}

std::string masked(std::string_view text) {
    const LogMask mask = current_mask.load(std::memory_order_relaxed);
    return mask == nullptr ? std::string(text) : mask(text);
}

std::string utf8_text(std::string_view text) {
    return is_utf8(text) ? std::string(text) : printable(text, text_limit);
}

std::string json_line(LogLevel level, std::string_view message, LogFields fields) {
    JsonObject line;
    line.add("time", format_rfc3339(system_clock().now()))
        .add("level", name_of(level))
        .add("message", utf8_text(masked(message)));
    for (const auto& field : fields) {
        const auto key = utf8_text(field.key);
        if (const auto* text = std::get_if<std::string_view>(&field.value))
            line.add(key, utf8_text(masked(*text)));
        else
            std::visit([&](const auto& value) { line.add(key, value); }, field.value);
    }
    return line.text();
}

// Values with spaces or quotes are quoted, so that keys can be told from text.
void append_text_value(std::string& out, std::string_view text) {
    const auto shown = printable(masked(text), text_limit);
    if (!shown.empty() && shown.find_first_of(" \"=") == std::string::npos)
        out += shown;
    else
        append_json_string(out, shown);
}

std::string text_line(LogLevel level, std::string_view message, LogFields fields) {
    constexpr std::array<std::string_view, 4> colours{"\033[31m", "\033[33m", "\033[32m",
                                                      "\033[36m"};
    std::string line;
    const bool colour = with_colour.load(std::memory_order_relaxed);
    if (colour) line += colours[static_cast<std::size_t>(level)];
    line += name_of(level);
    line += ':';
    if (colour) line += "\033[0m";
    line += ' ';
    line += printable(masked(message), text_limit);
    for (const auto& field : fields) {
        line += ' ';
        line += field.key;
        line += '=';
        if (const auto* text = std::get_if<std::string_view>(&field.value))
            append_text_value(line, *text);
        else
            std::visit([&line](const auto& value) { append_json(line, value); }, field.value);
    }
    return line;
}

}  // namespace

void log_init(LogLevel level, LogFormat format, bool colour, LogSink sink, LogMask mask) noexcept {
    current_level = level;
    current_format = format;
    with_colour = colour;
    current_sink = sink;
    current_mask = mask;
}

bool log_enabled(LogLevel level) noexcept {
    return current_sink.load(std::memory_order_relaxed) != nullptr &&
           level <= current_level.load(std::memory_order_relaxed);
}

void log(LogLevel level, std::string_view message, LogFields fields) noexcept {
    const LogSink sink = current_sink.load(std::memory_order_relaxed);
    if (sink == nullptr || !log_enabled(level)) return;
    try {
        const bool json = current_format.load(std::memory_order_relaxed) == LogFormat::json;
        auto line = json ? json_line(level, message, fields) : text_line(level, message, fields);
        line += '\n';
        sink(line);
    } catch (...) {
        // A log line is never worth ending the program for.
    }
}

}  // namespace airy::util
