// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "util/service_manager.hpp"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <string>

#include "util/fd.hpp"

using namespace airy;

namespace {

// Listens on `name`, whose first byte may be @ for the abstract namespace.
util::Fd listen_on(const std::string& name) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, name.data(), name.size());
    if (name[0] == '@') address.sun_path[0] = '\0';
    util::Fd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    REQUIRE(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), size) == 0);
    ::setenv("NOTIFY_SOCKET", name.c_str(), 1);
    return fd;
}

std::string received(const util::Fd& fd) {
    char text[64];
    const auto n = ::recv(fd.get(), text, sizeof text, 0);
    return n < 0 ? "nothing" : std::string(text, static_cast<std::size_t>(n));
}

}  // namespace

TEST_CASE("messages reach the service manager's socket, a path or an abstract name") {
    const std::string own = "airy-test-" + std::to_string(::getpid());
    {
        const auto socket = listen_on("@" + own);
        util::notify_service_manager("READY=1");
        CHECK(received(socket) == "READY=1");
        CHECK(received(socket) == "nothing");
    }
    const std::string path = "/tmp/" + own;
    {
        const auto socket = listen_on(path);
        util::notify_service_manager("STOPPING=1");
        CHECK(received(socket) == "STOPPING=1");
    }
    ::unlink(path.c_str());
    util::notify_service_manager("READY=1");  // no process listens any more
    ::setenv("NOTIFY_SOCKET", "relative", 1);
    util::notify_service_manager("READY=1");
    ::setenv("NOTIFY_SOCKET", ("/" + std::string(200, 'x')).c_str(), 1);
    util::notify_service_manager("READY=1");
    ::unsetenv("NOTIFY_SOCKET");
    util::notify_service_manager("READY=1");
}

TEST_CASE("the watchdog's patience is that for this process, or none") {
    using std::chrono::microseconds;
    ::unsetenv("WATCHDOG_PID");
    for (const char* none : {"", "0", "-1", "5s", "99999999999999999999"}) {
        ::setenv("WATCHDOG_USEC", none, 1);
        CHECK_FALSE(util::watchdog_patience());
    }
    ::setenv("WATCHDOG_USEC", "3000000", 1);
    CHECK(util::watchdog_patience() == microseconds(3'000'000));
    ::setenv("WATCHDOG_PID", std::to_string(::getpid()).c_str(), 1);
    CHECK(util::watchdog_patience() == microseconds(3'000'000));
    for (const char* other : {"1", "", "x"}) {
        ::setenv("WATCHDOG_PID", other, 1);
        CHECK_FALSE(util::watchdog_patience());
    }
    ::unsetenv("WATCHDOG_PID");
    ::unsetenv("WATCHDOG_USEC");
    CHECK_FALSE(util::watchdog_patience());
}
