// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "inspect/control_directory.hpp"

#include <fmt/core.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <tuple>

#include "util/error.hpp"
#include "util/text.hpp"
#include "util/uuid.hpp"

namespace airy::inspect {
namespace {

constexpr std::string_view suffix = ".sock";

std::string environment(const char* name) {
    const char* value = std::getenv(name);
    return value != nullptr ? value : "";
}

std::string temporary_directory() {
    std::string base = environment("TMPDIR");
    if (base.empty() || base[0] != '/') base = "/tmp";
    return fmt::format("{}/airy-{}", base, ::geteuid());
}

// The XDG base directory, when one is set: the specification says to ignore relative paths.
std::string runtime_directory() {
    std::string path = environment("XDG_RUNTIME_DIR");
    while (path.size() > 1 && path.ends_with('/'))
        path.pop_back();
    struct stat info {};
    const bool usable =
        path.starts_with('/') && ::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
    return usable ? path : std::string();
}

std::string login_directory() {
    return fmt::format("/run/user/{}", ::geteuid());
}

// A user who points XDG_RUNTIME_DIR elsewhere wants that place and no other.
std::vector<std::string> candidates() {
    const auto runtime = runtime_directory();
    if (!runtime.empty() && runtime != login_directory()) return {runtime + "/airy"};
    std::vector<std::string> found{login_directory() + "/airy", temporary_directory(),
                                   fmt::format("/tmp/airy-{}", ::geteuid())};
    if (found[1] == found[2]) found.pop_back();
    return found;
}

// Empty when the directory may hold this user's sockets, else the reason against it. lstat: another
// user may have put a symbolic link under /tmp.
std::string objection(const std::string& path) {
    struct stat info {};
    if (::lstat(path.c_str(), &info) != 0) return std::strerror(errno);
    if (!S_ISDIR(info.st_mode)) return "it is not a directory";
    if (info.st_uid != ::geteuid()) return fmt::format("it belongs to user {}", info.st_uid);
    if ((info.st_mode & 077) != 0) return "other users may enter it";
    return {};
}

// Takes `<name>-<pid>.<token>.sock` apart; pid 0: the file has another kind of name.
ControlSocket parse_file_name(std::string_view file) {
    ControlSocket socket;
    if (!file.ends_with(suffix)) return socket;
    file.remove_suffix(suffix.size());
    const auto dash = file.rfind('-');
    if (dash == file.npos) return socket;
    const auto dot = file.find('.', dash);
    if (dot == file.npos || dot + 1 == file.size()) return socket;
    const auto digits = file.substr(dash + 1, dot - dash - 1);
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), socket.pid);
    if (error != std::errc() || end != digits.data() + digits.size() || socket.pid < 0)
        socket.pid = 0;
    socket.name = file.substr(0, dash);
    socket.token = file.substr(dot + 1);
    return socket;
}

void add_sockets(const std::string& directory, std::vector<ControlSocket>& sockets) {
    std::error_code error;
    for (std::filesystem::directory_iterator entry(directory, error), end; !error && entry != end;
         entry.increment(error)) {
        auto socket = parse_file_name(entry->path().filename().native());
        if (socket.pid == 0) continue;
        socket.path = entry->path().native();
        sockets.push_back(std::move(socket));
    }
}

}  // namespace

std::string make_control_directory() {
    const auto runtime = runtime_directory();
    const std::string path = runtime.empty() ? temporary_directory() : runtime + "/airy";

    if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST)
        throw Error(ErrorKind::general,
                    fmt::format("cannot make the directory {} for the control socket: {}",
                                util::printable(path), std::strerror(errno)),
                    "XDG_RUNTIME_DIR or TMPDIR names another place");
    if (const auto against = objection(path); !against.empty())
        throw Error(ErrorKind::general,
                    fmt::format("cannot put the control socket into {}: {}", util::printable(path),
                                against),
                    "it must be a directory of your own with mode 0700; XDG_RUNTIME_DIR names "
                    "another place");
    return path;
}

std::vector<std::string> control_directories() {
    auto directories = candidates();
    std::erase_if(directories, [](const auto& path) { return !objection(path).empty(); });
    return directories;
}

std::vector<ControlSocket> control_sockets() {
    std::vector<ControlSocket> sockets;
    for (const auto& directory : control_directories())
        add_sockets(directory, sockets);
    std::ranges::sort(sockets, {}, [](const ControlSocket& socket) {
        return std::tie(socket.name, socket.pid, socket.path);
    });
    return sockets;
}

std::string socket_name(std::string_view consumer) {
    std::string name;
    for (const char c : consumer) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
        name += plain ? c : '_';
    }
    // The name must not make a hidden file.
    if (name.empty() || name[0] == '.') name.insert(0, 1, '_');
    return name;
}

std::string control_path(const std::string& directory, std::string_view consumer, int pid,
                         std::string_view token) {
    constexpr std::size_t limit = sizeof(sockaddr_un::sun_path) - 1;
    const std::string end = fmt::format("-{}.{}{}", pid, token, suffix);
    const std::size_t fixed = directory.size() + 1 + end.size();
    // Before it is ready, the server binds to a name that is two bytes longer.
    if (fixed + 3 > limit)
        throw Error(ErrorKind::general,
                    fmt::format("the path of the control socket's directory is too long: {}",
                                util::printable(directory)),
                    "XDG_RUNTIME_DIR names a shorter place");
    return directory + "/" + socket_name(consumer).substr(0, limit - fixed - 2) + end;
}

std::string new_socket_token() {
    return util::uuid_v4().substr(0, 8);
}

bool may_be_socket_of(const std::string& path, std::string_view consumer, int pid) {
    const auto slash = path.rfind('/');
    const auto socket = parse_file_name(std::string_view(path).substr(slash + 1));
    return socket.pid == pid &&
           control_path(path.substr(0, slash), consumer, pid, socket.token) == path;
}

bool may_control(uid_t peer, uid_t own) noexcept {
    return peer == own || peer == 0;
}

}  // namespace airy::inspect
