// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "util/service_manager.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <system_error>

#include "util/fd.hpp"

namespace airy::util {
namespace {

// The path or the abstract name of its socket; empty: there is none.
std::string_view socket_name() noexcept {
    const char* name = std::getenv("NOTIFY_SOCKET");
    if (name == nullptr || (name[0] != '/' && name[0] != '@')) return {};
    const std::string_view path(name);
    return path.size() < sizeof(sockaddr_un::sun_path) ? path : std::string_view();
}

std::optional<std::uint64_t> number_in(const char* variable) noexcept {
    const char* text = std::getenv(variable);
    if (text == nullptr) return std::nullopt;
    const char* const end = text + std::strlen(text);
    std::uint64_t number = 0;
    const auto read = std::from_chars(text, end, number);
    if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
    return number;
}

}  // namespace

bool has_service_manager() noexcept {
    return !socket_name().empty();
}

std::optional<std::chrono::microseconds> watchdog_patience() noexcept {
    const auto patience = number_in("WATCHDOG_USEC");
    if (!patience || *patience == 0 || *patience > INT64_MAX) return std::nullopt;
    const bool of_another = std::getenv("WATCHDOG_PID") != nullptr &&
                            number_in("WATCHDOG_PID") != static_cast<std::uint64_t>(::getpid());
    if (of_another) return std::nullopt;
    return std::chrono::microseconds(*patience);
}

void notify_service_manager(std::string_view state) noexcept {
    const auto path = socket_name();
    if (path.empty()) return;
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::ranges::copy(path, address.sun_path);
    if (path[0] == '@') address.sun_path[0] = '\0';  // the abstract namespace
    const Fd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!socket) return;
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
    ::sendto(socket.get(), state.data(), state.size(), MSG_DONTWAIT | MSG_NOSIGNAL,
             reinterpret_cast<const sockaddr*>(&address), size);
}

}  // namespace airy::util
