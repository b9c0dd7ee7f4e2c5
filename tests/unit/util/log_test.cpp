// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "util/log.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <limits>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "util/timestamp.hpp"

using namespace airy::util;

namespace {

std::string logged;
std::mutex logged_mutex;

void keep(std::string_view line) noexcept {
    const std::lock_guard lock(logged_mutex);
    logged += line;
}

// The lines that `action` logs.
std::string log_of(const std::function<void()>& action) {
    logged.clear();
    action();
    return logged;
}

struct DefaultLog {
    ~DefaultLog() { log_init(LogLevel::warn, LogFormat::text, false, nullptr); }
};

}  // namespace

TEST_CASE("log lines as text") {
    DefaultLog restore;
    const auto text = log_of([] {
        log_init(LogLevel::info, LogFormat::text, false, keep);
        log_error("cannot connect", {{"host", "localhost"}, {"port", 5672}});
        log_info("two words", {{"why", "not now"}, {"empty", ""}, {"ok", true}, {"ratio", 0.5}});
        log_debug("too fine");
    });
    CHECK(text ==
          "error: cannot connect host=localhost port=5672\n"
          "info: two words why=\"not now\" empty=\"\" ok=true ratio=0.5\n");
}

TEST_CASE("text of a log line cannot control the terminal or begin a new line") {
    DefaultLog restore;
    const auto text = log_of([] {
        log_init(LogLevel::warn, LogFormat::text, false, keep);
        log_warn("bad\nline \033[2J", {{"key", "a\nb"}});
    });
    CHECK(text == "warn: bad\\nline \\x1b[2J key=a\\nb\n");
}

TEST_CASE("colour is given only when asked for") {
    DefaultLog restore;
    const auto text = log_of([] {
        log_init(LogLevel::warn, LogFormat::text, true, keep);
        log_warn("careful");
    });
    CHECK(text == "\033[33mwarn:\033[0m careful\n");
}

TEST_CASE("each text of a log line is masked before the line is made") {
    DefaultLog restore;
    // Hides all from an `s` on, and would do so with the rest of a finished line.
    const auto mask = [](std::string_view text) {
        return std::string(text.substr(0, text.find('s'))) + '*';
    };
    const auto lines = log_of([&] {
        for (const auto format : {LogFormat::text, LogFormat::json}) {
            log_init(LogLevel::warn, format, false, keep, mask);
            log_warn("a secret", {{"reason", "a \"secret\""}, {"in_ms", 5}});
        }
    });
    CHECK(lines.starts_with("warn: a * reason=\"a \\\"*\" in_ms=5\n"));
    const auto json = nlohmann::json::parse(lines.substr(lines.find('\n')));
    CHECK(json["message"] == "a *");
    CHECK(json["reason"] == "a \"*");
    CHECK(json["in_ms"] == 5);
}

TEST_CASE("log lines as JSON") {
    DefaultLog restore;
    const auto text = log_of([] {
        log_init(LogLevel::debug, LogFormat::json, false, keep);
        log_debug("a \"quoted\"\nmessage", {{"id", std::numeric_limits<std::int64_t>::max()},
                                            {"count", std::numeric_limits<std::uint64_t>::max()},
                                            {"bytes", "\xff"},
                                            {"none", std::numeric_limits<double>::infinity()},
                                            {"yes", true}});
    });
    REQUIRE(text.ends_with("\n"));
    const auto line = nlohmann::json::parse(text);
    CHECK(parse_rfc3339(line["time"].get<std::string>()));
    CHECK(line["level"] == "debug");
    CHECK(line["message"] == "a \"quoted\"\nmessage");
    CHECK(line["id"] == std::numeric_limits<std::int64_t>::max());
    CHECK(line["count"] == std::numeric_limits<std::uint64_t>::max());
    CHECK(line["bytes"] == "\\xff");
    CHECK(line["none"].is_null());
    CHECK(line["yes"] == true);
}

TEST_CASE("log_enabled follows the level") {
    DefaultLog restore;
    log_init(LogLevel::warn, LogFormat::text, false, keep);
    CHECK(log_enabled(LogLevel::error));
    CHECK(log_enabled(LogLevel::warn));
    CHECK_FALSE(log_enabled(LogLevel::info));
    log_init(LogLevel::error, LogFormat::text, false, keep);
    CHECK_FALSE(log_enabled(LogLevel::warn));
}

TEST_CASE("without a sink nothing is logged") {
    DefaultLog restore;
    CHECK_FALSE(log_enabled(LogLevel::error));
    CHECK(log_of([] { log_error("lost"); }).empty());
    log_init(LogLevel::debug, LogFormat::text, false, keep);
    CHECK(log_of([] { log_error("kept"); }) == "error: kept\n");
    log_init(LogLevel::debug, LogFormat::text, false, nullptr);
    CHECK(log_of([] { log_error("lost"); }).empty());
}

TEST_CASE("lines of many threads reach the sink whole") {
    DefaultLog restore;
    const auto text = log_of([] {
        log_init(LogLevel::info, LogFormat::text, false, keep);
        std::vector<std::thread> threads;
        for (int t = 0; t < 4; ++t)
            threads.emplace_back([] {
                for (int i = 0; i < 200; ++i)
                    log_info("one whole line", {{"key", "value"}});
            });
        for (auto& thread : threads)
            thread.join();
    });
    const std::string line = "info: one whole line key=value\n";
    REQUIRE(text.size() == 800 * line.size());
    for (std::size_t i = 0; i < text.size(); i += line.size())
        REQUIRE(text.compare(i, line.size(), line) == 0);
}
