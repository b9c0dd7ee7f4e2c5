// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "work/command.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "util/error.hpp"
#include "util/text.hpp"

namespace airy::work {
namespace {

using namespace std::string_view_literals;

// Variables that a child does not inherit: the broker's addresses and credentials, airy's variables
// of a message, and systemd's.
constexpr std::array withheld = {
    "AIRY_URL"sv,         "AIRY_MANAGEMENT_URL"sv,
    "AIRY_KEY"sv,         "AIRY_CERT"sv,
    "AMQP_URL"sv,         "MQ_USER"sv,
    "MQ_PASSWORD"sv,      "MQ_PASSWORD_FILE"sv,
    "AIRY_TOPIC"sv,       "AIRY_EVENT_ID"sv,
    "AIRY_QUEUE"sv,       "AIRY_EVENT_TYPE"sv,
    "AIRY_REDELIVERED"sv, "AIRY_MESSAGE_ID"sv,
    "AIRY_ATTEMPT"sv,     "AIRY_TRACEPARENT"sv,
    "AIRY_ERROR"sv,       "AIRY_EXIT"sv,
    "AIRY_BATCH_SIZE"sv,  "NOTIFY_SOCKET"sv,
    "WATCHDOG_PID"sv,     "WATCHDOG_USEC"sv,
};

// `scheme://user:password@host…` of a message broker, under whatever name.
bool has_broker_password(std::string_view value) noexcept {
    for (const auto scheme : {"amqp://"sv, "amqps://"sv}) {
        const auto start = value.find(scheme);
        if (start == value.npos) continue;
        const auto authority = value.substr(start + scheme.size());
        const auto at = authority.find('@');
        if (at != authority.npos && authority.substr(0, at).find(':') != authority.npos)
            return true;
    }
    return false;
}

// 0, or why the system would not run it as a script: ELIBBAD without its interpreter, ENOEXEC for
// text without a `#!` line. Other kinds of files may have a loader of their own (binfmt_misc).
int script_error(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) return 0;  // an unreadable file may still be executable
    std::string line;
    std::array<char, 256> begin{};  // the kernel reads this many bytes
    file.read(begin.data(), begin.size());
    line.assign(begin.data(), static_cast<std::size_t>(file.gcount()));
    if (line.empty()) return ENOEXEC;
    if (!line.starts_with("#!")) {
        const auto c = static_cast<unsigned char>(line.front());
        return c >= 0x20 && c < 0x7f ? ENOEXEC : 0;
    }
    line.erase(std::min(line.find('\n'), line.size()));
    const auto start = line.find_first_not_of(" \t", 2);
    if (start == line.npos) return ENOEXEC;
    const auto interpreter = line.substr(start, line.find_first_of(" \t", start) - start);
    return ::access(interpreter.c_str(), X_OK) == 0 ? 0 : ELIBBAD;
}

// 0, or the errno with which executing it would fail.
int executable(const std::string& path) noexcept {
    struct stat info {};
    if (::stat(path.c_str(), &info) != 0) return errno;
    if (S_ISDIR(info.st_mode)) return EISDIR;
    if (!S_ISREG(info.st_mode)) return EACCES;
    if (::faccessat(AT_FDCWD, path.c_str(), X_OK, AT_EACCESS) != 0) return errno;
    return script_error(path);
}

// The usual mistakes: a line for a shell, another directory, a program that is not installed.
std::string where_it_was_looked_for(const std::string& name) {
    if (name.find_first_of(" |;&<>$") != name.npos)
        return "there is no shell: write the program first, then its arguments, each a word";
    if (name.find('/') == name.npos) return "no directory of PATH has a program of this name";
    std::error_code ignored;
    return fmt::format("there is no such file; the working directory is {}",
                       util::printable(std::filesystem::current_path(ignored).string()));
}

}  // namespace

Command find_command(std::vector<std::string> argv, std::string_view search_path) {
    if (argv.empty() || argv[0].empty())
        throw Error(ErrorKind::usage, "no command to run", "write it behind `--`: -- CMD ARG…");
    const std::string name = argv[0];
    int failure = ENOENT;
    if (name.find('/') != name.npos) {
        failure = executable(name);
        if (failure == 0) return {name, std::move(argv)};
    } else {
        while (true) {
            const auto colon = search_path.find(':');
            const auto folder = search_path.substr(0, colon);
            std::string path = folder.empty() ? "./" + name : fmt::format("{}/{}", folder, name);
            const int error = executable(path);
            if (error == 0) return {std::move(path), std::move(argv)};
            if (error != ENOENT && error != ENOTDIR && failure == ENOENT) failure = error;
            if (colon == search_path.npos) break;
            search_path.remove_prefix(colon + 1);
        }
    }
    const auto shown = util::printable(name);
    if (failure == EACCES)
        throw Error(ErrorKind::usage, fmt::format("cannot run '{}': it is not executable", shown),
                    fmt::format("is it a program, with the x bit set? chmod +x {}", shown));
    if (failure == EISDIR)
        throw Error(ErrorKind::usage, fmt::format("cannot run '{}': it is a directory", shown));
    if (failure == ELIBBAD)
        throw Error(
            ErrorKind::usage,
            fmt::format("cannot run '{}': the program of its '#!' line is not there", shown),
            "a line end of Windows behind it has the same effect");
    if (failure == ENOEXEC)
        throw Error(ErrorKind::usage,
                    fmt::format("cannot run '{}': it is no program the system knows", shown),
                    "a script needs a first line such as #!/bin/sh");
    throw Error(ErrorKind::usage, fmt::format("cannot run '{}': command not found", shown),
                where_it_was_looked_for(name));
}

std::vector<std::string> child_environment(const char* const* environment) {
    std::vector<std::string> kept;
    for (; *environment != nullptr; ++environment) {
        const std::string_view entry = *environment;
        const auto equals = entry.find('=');
        if (equals == entry.npos) continue;
        if (std::ranges::find(withheld, entry.substr(0, equals)) != withheld.end()) continue;
        if (has_broker_password(entry.substr(equals + 1))) continue;
        kept.emplace_back(entry);
    }
    return kept;
}

}  // namespace airy::work
