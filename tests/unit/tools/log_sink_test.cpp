// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "output/log_sink.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "util/log.hpp"

using namespace airy;

namespace {

// The output of `action` on stderr.
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

}  // namespace

TEST_CASE("log lines of many threads stay whole on stderr") {
    using util::LogFormat;
    using util::LogLevel;
    const auto text = stderr_of([] {
        util::log_init(LogLevel::info, LogFormat::text, false, tools::output::log_to_stderr);
        std::vector<std::thread> threads;
        for (int t = 0; t < 4; ++t)
            threads.emplace_back([] {
                for (int i = 0; i < 200; ++i)
                    util::log_info("one whole line", {{"key", "value"}});
            });
        for (auto& thread : threads)
            thread.join();
        util::log_init(LogLevel::warn, LogFormat::text, false, nullptr);
    });
    const std::string line = "info: one whole line key=value\n";
    REQUIRE(text.size() == 800 * line.size());
    for (std::size_t i = 0; i < text.size(); i += line.size())
        REQUIRE(text.compare(i, line.size(), line) == 0);
}
