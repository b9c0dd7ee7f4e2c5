// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "util/log.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "util/timestamp.hpp"

using namespace airy::util;

namespace {

// What `action` writes to stderr.
std::string stderr_of(const std::function<void()>& action) {
    std::string path = "/tmp/airy-log-test-XXXXXX";
    const int file = ::mkstemp(path.data());
    REQUIRE(file >= 0);
    std::fflush(stderr);
    const int former = ::dup(STDERR_FILENO);
    ::dup2(file, STDERR_FILENO);
    action();
    std::fflush(stderr);
    ::dup2(former, STDERR_FILENO);
    ::close(former);
    std::string text(static_cast<std::size_t>(::lseek(file, 0, SEEK_END)), '\0');
    REQUIRE(::pread(file, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()));
    ::close(file);
    ::unlink(path.c_str());
    return text;
}

struct DefaultLog {
    ~DefaultLog() { log_init(LogLevel::warn, LogFormat::text, false); }
};

}  // namespace

TEST_CASE("log lines as text") {
    DefaultLog restore;
    const auto text = stderr_of([] {
        log_init(LogLevel::info, LogFormat::text, false);
        log_error("cannot connect", {{"host", "localhost"}, {"port", 5672}});
        log_info("two words", {{"why", "not now"}, {"empty", ""}, {"ok", true}, {"ratio", 0.5}});
        log_debug("too fine");
    });
    CHECK(text ==
          "error: cannot connect host=localhost port=5672\n"
          "info: two words why=\"not now\" empty=\"\" ok=true ratio=0.5\n");
}

TEST_CASE("text of a log line cannot command the terminal or begin a new line") {
    DefaultLog restore;
    const auto text = stderr_of([] { log_warn("bad\nline \033[2J", {{"key", "a\nb"}}); });
    CHECK(text == "warn: bad\\nline \\x1b[2J key=a\\nb\n");
}

TEST_CASE("colour is given only when asked for") {
    DefaultLog restore;
    const auto text = stderr_of([] {
        log_init(LogLevel::warn, LogFormat::text, true);
        log_warn("careful");
    });
    CHECK(text == "\033[33mwarn:\033[0m careful\n");
}

TEST_CASE("log lines as JSON") {
    DefaultLog restore;
    const auto text = stderr_of([] {
        log_init(LogLevel::debug, LogFormat::json, false);
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

TEST_CASE("levels are known before a line is made") {
    DefaultLog restore;
    CHECK(log_enabled(LogLevel::error));
    CHECK(log_enabled(LogLevel::warn));
    CHECK_FALSE(log_enabled(LogLevel::info));
    log_init(LogLevel::error, LogFormat::text, false);
    CHECK_FALSE(log_enabled(LogLevel::warn));
}

TEST_CASE("lines of many threads stay whole") {
    DefaultLog restore;
    const auto text = stderr_of([] {
        log_init(LogLevel::info, LogFormat::text, false);
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
