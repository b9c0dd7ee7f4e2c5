// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "net/listener.hpp"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <optional>
#include <string>

#include "temporary_directory.hpp"
#include "unix_socket.hpp"
#include "util/error.hpp"

using namespace airy;
using namespace std::chrono_literals;
namespace asio = boost::asio;
using net::ClientSocket;
using net::Listener;
using net::ListenerLimits;

namespace {

constexpr auto as_tuple = asio::as_tuple(asio::use_awaitable);

// Sends one line back.
asio::awaitable<void> echo(std::shared_ptr<ClientSocket> client) {
    std::string line;
    auto buffer = asio::dynamic_buffer(line);
    const auto [error, size] = co_await asio::async_read_until(*client, buffer, '\n', as_tuple);
    if (!error) co_await asio::async_write(*client, asio::buffer(line), as_tuple);
}

util::Fd connect_tcp(std::uint16_t port) {
    util::Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        fd.reset();
    return fd;
}

struct ListenerFixture {
    asio::io_context loop{1};
    std::optional<Listener> listener;

    void listen(std::size_t connections = 4,
                ListenerLimits::WhenFull when_full = ListenerLimits::WhenFull::refuse_newest,
                std::chrono::milliseconds patience = 30s, Listener::Serve serve = echo) {
        listener.emplace(loop, net::listen_tcp({"127.0.0.1", 0}, 64),
                         ListenerLimits{connections, when_full, patience}, std::move(serve));
    }
    // Runs the loop until `fd` has bytes or its end; false when it has neither within 10 s.
    bool run_until_readable(const util::Fd& fd) {
        const auto until = std::chrono::steady_clock::now() + 10s;
        while (std::chrono::steady_clock::now() < until) {
            pollfd waiting{fd.get(), POLLIN, 0};
            if (::poll(&waiting, 1, 0) == 1) return true;
            loop.restart();
            loop.run_one_for(10ms);
        }
        return false;
    }
    // The bytes that the client reads until the end.
    std::string read(const util::Fd& fd) {
        std::string text;
        while (run_until_readable(fd)) {
            char bytes[100];
            const auto n = ::recv(fd.get(), bytes, sizeof bytes, 0);
            if (n <= 0) return text;
            text.append(bytes, static_cast<std::size_t>(n));
        }
        return text + "…timeout";
    }
};

}  // namespace

TEST_CASE("an address to listen on") {
    CHECK(net::parse_listen_address("127.0.0.1:9464").port == 9464);
    CHECK(net::parse_listen_address("[::1]:9464").host == "::1");
    CHECK(net::parse_listen_address("localhost:0").port == 0);
    CHECK(net::parse_listen_address(":9464").host.empty());
    CHECK(net::parse_listen_address(":9464").port == 9464);
    CHECK(net::parse_listen_address("[::]:9464").host == "::");
    CHECK(net::parse_listen_address("[fe80::1%eth0]:1").host == "fe80::1%eth0");
    for (const char* wrong : {"", ":", "9464", "host:", "host:x", "host:99999", "::1:9464", "[]:1",
                              "[::1", "host:1 ", "[::1]", "[::1]x:1"})
        CHECK_THROWS_AS(net::parse_listen_address(wrong), Error);
}

TEST_CASE_FIXTURE(ListenerFixture, "clients are served over TCP") {
    listen();
    REQUIRE(listener->port() != 0);
    const auto one = connect_tcp(listener->port());
    const auto other = connect_tcp(listener->port());
    test::send_all(other.get(), "other\n");
    CHECK(read(other) == "other\n");
    test::send_all(one.get(), "one\n");
    CHECK(read(one) == "one\n");
}

TEST_CASE_FIXTURE(ListenerFixture, "no host, and [::], are every address of IPv4 as well") {
    for (const char* host : {"", "::"}) {
        listener.emplace(loop, net::listen_tcp({host, 0}, 8), ListenerLimits{}, echo);
        const auto client = connect_tcp(listener->port());
        REQUIRE(client);
        test::send_all(client.get(), "v4\n");
        CHECK(read(client) == "v4\n");
    }
}

TEST_CASE_FIXTURE(ListenerFixture,
                  "clients are served over a Unix socket that only its user may open") {
    const test::TemporaryDirectory directory;
    const auto path = directory.path() + "/socket";
    listener.emplace(loop, net::listen_unix(path, 8), ListenerLimits{}, echo);
    CHECK(listener->port() == 0);
    struct stat info {};
    REQUIRE(::stat(path.c_str(), &info) == 0);
    CHECK(S_ISSOCK(info.st_mode));
    CHECK((info.st_mode & 07777) == 0600);
    CHECK(::stat((path + ".n").c_str(), &info) != 0);
    const auto client = test::connect_unix(path);
    test::send_all(client.get(), "hello\n");
    CHECK(read(client) == "hello\n");
    // A socket left behind is replaced.
    listener.reset();
    listener.emplace(loop, net::listen_unix(path, 8), ListenerLimits{}, echo);
    CHECK(test::connect_unix(path));
}

TEST_CASE_FIXTURE(ListenerFixture, "a name's first address that is free is taken") {
    listen();
    const auto port = listener->port();
    asio::ip::tcp::resolver resolver(loop);
    const auto names = resolver.resolve("localhost", std::to_string(port));
    // 127.0.0.1 is taken; where the name has no other address, no address is free.
    const bool other = std::ranges::any_of(
        names, [](const auto& entry) { return entry.endpoint().address().is_v6(); });
    if (other)
        CHECK(net::listen_tcp({"localhost", port}, 8));
    else
        CHECK_THROWS_AS(net::listen_tcp({"localhost", port}, 8), Error);
}

TEST_CASE_FIXTURE(ListenerFixture, "addresses that are refused, with the bare reason") {
    const auto reason = [](auto listen_on) -> std::string {
        try {
            listen_on();
        } catch (const Error& error) {
            CHECK(error.kind() == ErrorKind::general);
            return error.what();
        }
        return "listens";
    };
    listen();
    CHECK(reason([&] {
              net::listen_tcp({"127.0.0.1", listener->port()}, 8);
          }) == "Address already in use");
    CHECK(reason([&] {
              net::listen_tcp({"192.0.2.1", 0}, 8);
          }) == "Cannot assign requested address");
    CHECK(reason([] { net::listen_unix("/nonexistent/socket", 8); }) ==
          "No such file or directory");
    CHECK(reason([] { net::listen_unix("/tmp/" + std::string(200, 'x'), 8); }) ==
          "File name too long");
}

TEST_CASE_FIXTURE(ListenerFixture, "one client too many is refused, or the oldest gives way") {
    bool refuses = true;
    SUBCASE("refused") {
        listen(2);
    }
    SUBCASE("the oldest gives way") {
        refuses = false;
        listen(2, ListenerLimits::WhenFull::drop_oldest);
    }
    std::array<util::Fd, 3> clients;
    for (auto& client : clients) {
        client = connect_tcp(listener->port());
        // By then the clients accepted before the last are served.
        loop.restart();
        loop.poll();
    }
    CHECK(read(clients[refuses ? 2 : 0]).empty());
    for (std::size_t i = refuses ? 0 : 1; i < (refuses ? 2 : 3); ++i) {
        test::send_all(clients[i].get(), "still here\n");
        CHECK(read(clients[i]) == "still here\n");
    }
    // The served clients have made room.
    const auto next = connect_tcp(listener->port());
    test::send_all(next.get(), "next\n");
    CHECK(read(next) == "next\n");
}

TEST_CASE_FIXTURE(ListenerFixture, "a silent client is dropped") {
    listen(4, ListenerLimits::WhenFull::refuse_newest, 50ms);
    const auto client = connect_tcp(listener->port());
    test::send_all(client.get(), "half a line");
    const auto start = std::chrono::steady_clock::now();
    CHECK(read(client).empty());
    CHECK(std::chrono::steady_clock::now() - start >= 40ms);
}

TEST_CASE_FIXTURE(ListenerFixture, "when serving one client fails, the next is served") {
    int served = 0;
    listen(1, ListenerLimits::WhenFull::refuse_newest, 30s,
           [&served](std::shared_ptr<ClientSocket> client) {
               if (++served == 1) throw Error(ErrorKind::general, "no");
               return echo(std::move(client));
           });
    CHECK(read(connect_tcp(listener->port())).empty());
    const auto next = connect_tcp(listener->port());
    test::send_all(next.get(), "next\n");
    CHECK(read(next) == "next\n");
}

TEST_CASE_FIXTURE(ListenerFixture, "out of descriptors, clients wait until there are some") {
    listen();
    const auto client = connect_tcp(listener->port());
    test::send_all(client.get(), "patient\n");
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    // The lowest free descriptor is beyond the limit.
    const util::Fd lowest(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    const rlimit none{static_cast<rlim_t>(lowest.get()), limit.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
    loop.run_for(30ms);
    const auto turns = loop.poll();
    ::setrlimit(RLIMIT_NOFILE, &limit);
    // The listener pauses instead of trying all the time.
    CHECK(turns < 5);
    pollfd waiting{client.get(), POLLIN, 0};
    CHECK(::poll(&waiting, 1, 0) == 0);
    CHECK(read(client) == "patient\n");
}

TEST_CASE_FIXTURE(ListenerFixture,
                  "child processes inherit neither the listening socket nor a client's") {
    bool closed_on_exec = false;
    listen(4, ListenerLimits::WhenFull::refuse_newest, 30s,
           [&closed_on_exec](std::shared_ptr<ClientSocket> client) {
               closed_on_exec = (::fcntl(client->native_handle(), F_GETFD) & FD_CLOEXEC) != 0;
               return echo(std::move(client));
           });
    const auto client = connect_tcp(listener->port());
    test::send_all(client.get(), "x\n");
    CHECK(read(client) == "x\n");
    CHECK(closed_on_exec);
    const auto listening = net::listen_tcp({"127.0.0.1", 0}, 1);
    CHECK((::fcntl(listening.get(), F_GETFD) & FD_CLOEXEC) != 0);
}

TEST_CASE_FIXTURE(ListenerFixture,
                  "a listener that is gone accepts nobody; who is served is served to the end") {
    listen();
    const auto port = listener->port();
    const auto client = connect_tcp(port);
    loop.poll();
    listener.reset();
    CHECK_FALSE(connect_tcp(port));
    test::send_all(client.get(), "to the end\n");
    CHECK(read(client) == "to the end\n");
    // Nothing keeps the loop running.
    loop.restart();
    CHECK(loop.run_for(10s) < 100);
}
