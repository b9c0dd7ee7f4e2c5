// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
// http_server PORT_FILE [DELAY_MS]: an HTTP server on 127.0.0.1 that answers each request with 204
// after the delay; writes its port into the file. One thread.
#include <sys/resource.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string_view>
#include <utility>

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;

namespace {

constexpr auto as_tuple = asio::as_tuple(asio::use_awaitable);

asio::awaitable<void> serve(tcp::socket socket, std::chrono::milliseconds delay) {
    boost::beast::flat_buffer buffer;
    asio::steady_timer timer(socket.get_executor());
    constexpr std::string_view answer = "HTTP/1.1 204 No Content\r\n\r\n";
    for (;;) {
        http::request_parser<http::string_body> parser;
        const auto [unread, size] = co_await http::async_read(socket, buffer, parser, as_tuple);
        if (unread) co_return;
        if (delay.count() > 0) {
            timer.expires_after(delay);
            co_await timer.async_wait(asio::use_awaitable);
        }
        const auto [unsent, sent] =
            co_await asio::async_write(socket, asio::buffer(answer), as_tuple);
        if (unsent) co_return;
    }
}

asio::awaitable<void> accept(tcp::acceptor acceptor, std::chrono::milliseconds delay) {
    for (;;) {
        auto socket = co_await acceptor.async_accept(asio::use_awaitable);
        socket.set_option(tcp::no_delay(true));
        asio::co_spawn(acceptor.get_executor(), serve(std::move(socket), delay), asio::detached);
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2) {
        std::fputs("usage: http_server PORT_FILE [DELAY_MS]\n", stderr);
        return 2;
    }
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
    asio::io_context loop{1};
    tcp::acceptor acceptor(loop, {asio::ip::address_v4::loopback(), 0});
    acceptor.listen(65'535);
    std::ofstream(argv[1]) << acceptor.local_endpoint().port() << '\n';
    asio::co_spawn(
        loop,
        accept(std::move(acceptor), std::chrono::milliseconds(argc > 2 ? std::atoi(argv[2]) : 0)),
        asio::detached);
    loop.run();
}
