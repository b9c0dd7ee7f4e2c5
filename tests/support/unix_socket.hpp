// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>
#include <string>
#include <string_view>

#include "util/fd.hpp"

namespace airy::test {

inline sockaddr_un unix_address(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    return address;
}

// Invalid when no process listens there.
inline util::Fd connect_unix(const std::string& path) {
    util::Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const auto address = unix_address(path);
    if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        fd.reset();
    return fd;
}

// A socket that listens, or with `backlog` < 0 is only bound, so that it refuses connections.
inline util::Fd bind_unix(const std::string& path, int backlog) {
    util::Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const auto address = unix_address(path);
    ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
    if (backlog >= 0) ::listen(fd.get(), backlog);
    return fd;
}

inline bool send_all(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
        const auto n = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (n <= 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
}

// All bytes until the other side closes; with `…timeout` at the end when it does not within 10 s.
inline std::string read_to_end(int fd) {
    std::string text;
    char bytes[4096];
    while (true) {
        pollfd waiting{fd, POLLIN, 0};
        if (::poll(&waiting, 1, 10'000) != 1) return text + "…timeout";
        const auto n = ::recv(fd, bytes, sizeof bytes, 0);
        if (n <= 0) return text;
        text.append(bytes, static_cast<std::size_t>(n));
    }
}

}  // namespace airy::test
