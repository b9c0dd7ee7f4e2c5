// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
// http_posts PORT FILE CONNECTIONS: posts each line of the file to 127.0.0.1, over so many
// connections, one request after another on each: the limit of a client on one thread.
#include <array>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <string>
#include <vector>

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;

namespace {

struct Lines {
    std::vector<std::string> all;
    std::size_t next = 0;
};

asio::awaitable<void> post(asio::io_context& loop, std::uint16_t port, Lines& lines) {
    tcp::socket socket(loop);
    co_await socket.async_connect({asio::ip::address_v4::loopback(), port}, asio::use_awaitable);
    socket.set_option(tcp::no_delay(true));
    boost::beast::flat_buffer buffer;
    while (lines.next < lines.all.size()) {
        const auto& body = lines.all[lines.next++];
        const std::string head =
            "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            "Content-Length: " +
            std::to_string(body.size()) + "\r\n\r\n";
        const std::array parts{asio::buffer(head), asio::buffer(body)};
        co_await asio::async_write(socket, parts, asio::use_awaitable);
        http::response_parser<http::string_body> parser;
        co_await http::async_read(socket, buffer, parser, asio::use_awaitable);
        if (parser.get().result_int() != 204) throw std::runtime_error("an answer is not 204");
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 4) {
        std::fputs("usage: http_posts PORT FILE CONNECTIONS\n", stderr);
        return 2;
    }
    Lines lines;
    std::ifstream file(argv[2]);
    for (std::string line; std::getline(file, line);)
        lines.all.push_back(std::move(line));
    asio::io_context loop{1};
    bool failed = false;
    for (int i = 0; i < std::atoi(argv[3]); ++i)
        asio::co_spawn(loop, post(loop, static_cast<std::uint16_t>(std::atoi(argv[1])), lines),
                       [&failed](const std::exception_ptr& error) { failed = failed || error; });
    loop.run();
    return failed ? 1 : 0;
}
