// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/embedded/lock_holders.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <exception>
#include <fstream>
#include <limits>
#include <sstream>

#include "util/text.hpp"

namespace airy::mq::embedded {
namespace {

// The locks are on bytes of the log's index (https://www.sqlite.org/walformat.html#locks).
constexpr std::uint64_t write_byte = 120;
constexpr std::uint64_t first_read_byte = 123;
constexpr std::uint64_t last_read_byte = 127;
constexpr std::size_t most_named = 3;

std::string text_of(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
}

std::string named(pid_t pid) {
    auto name = text_of(fmt::format("/proc/{}/comm", pid));
    name.erase(std::min(name.size(), name.find('\n')));
    return name.empty() ? fmt::format("process {}", pid)
                        : fmt::format("process {} ({})", pid, util::printable(name, 40));
}

std::vector<std::string_view> words_of(std::string_view line) {
    std::vector<std::string_view> words;
    while (true) {
        line.remove_prefix(std::min(line.size(), line.find_first_not_of(' ')));
        if (line.empty()) return words;
        words.push_back(line.substr(0, line.find(' ')));
        line.remove_prefix(words.back().size());
    }
}

std::uint64_t number_of(std::string_view text) {
    std::uint64_t value = std::numeric_limits<std::uint64_t>::max();  // "EOF"
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

}  // namespace

std::vector<pid_t> lock_holders(std::string_view locks, ino_t inode, std::uint64_t first,
                                std::uint64_t last) {
    std::vector<pid_t> out;
    while (!locks.empty()) {
        const auto line = locks.substr(0, locks.find('\n'));
        locks.remove_prefix(std::min(locks.size(), line.size() + 1));
        // 1: POSIX ADVISORY WRITE 4711 08:01:1234 120 120; a lock that is waited for has an arrow.
        const auto words = words_of(line);
        if (words.size() != 8 || words[1] != "POSIX") continue;
        const auto file = words[5].substr(words[5].rfind(':') + 1);
        if (number_of(file) != inode) continue;
        if (number_of(words[7]) < first || number_of(words[6]) > last) continue;
        const auto pid = static_cast<pid_t>(number_of(words[4]));
        if (pid > 0 && std::ranges::find(out, pid) == out.end()) out.push_back(pid);
    }
    return out;
}

std::string holders_of(const std::string& path, LogLock which) noexcept {
    try {
        struct stat index {};
        if (::stat((path + "-shm").c_str(), &index) != 0) return {};
        const bool write = which == LogLock::write;
        auto holders =
            lock_holders(text_of("/proc/locks"), index.st_ino, write ? write_byte : first_read_byte,
                         write ? write_byte : last_read_byte);
        std::erase(holders, ::getpid());
        if (holders.size() > most_named) holders.resize(most_named);
        std::vector<std::string> names(holders.size());
        std::ranges::transform(holders, names.begin(), named);
        return fmt::format("{}", fmt::join(names, " and "));
    } catch (const std::exception&) {
        return {};
    }
}

}  // namespace airy::mq::embedded
