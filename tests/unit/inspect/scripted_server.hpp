// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "util/fd.hpp"

namespace airy::test {

// An HTTP server on 127.0.0.1 that gives each client in turn one prepared answer, byte for byte,
// and closes; or keeps the connection open and says nothing more (`stall`). With a context it
// speaks TLS. Serves on a thread of its own until it is destroyed.
class ScriptedServer {
  public:
    ScriptedServer(std::vector<std::string> answers, bool stall = false, SSL_CTX* tls = nullptr)
        : answers_(std::move(answers)), stall_(stall), tls_(tls) {
        listener_ = util::Fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        ::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address);
        ::listen(listener_.get(), 16);
        socklen_t size = sizeof address;
        ::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size);
        port_ = ntohs(address.sin_port);
        thread_ = std::thread([this] { serve(); });
    }

    ~ScriptedServer() {
        stop_.signal();
        thread_.join();
    }

    std::uint16_t port() const noexcept { return port_; }
    std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

    // The request heads that have come, in order.
    std::vector<std::string> requests() {
        const std::scoped_lock lock(mutex_);
        return requests_;
    }

  private:
    // False when the server is to stop.
    bool wait_readable(int fd) {
        pollfd fds[2] = {{fd, POLLIN, 0}, {stop_.fd(), POLLIN, 0}};
        while (::poll(fds, 2, -1) < 0) {
        }
        return (fds[1].revents & POLLIN) == 0;
    }

    void serve() {
        std::vector<util::Fd> held;
        for (std::size_t i = 0; wait_readable(listener_.get()); ++i) {
            util::Fd client(::accept(listener_.get(), nullptr, nullptr));
            if (!client) return;
            SSL* ssl = nullptr;
            if (tls_ != nullptr) {
                ssl = ::SSL_new(tls_);
                ::SSL_set_fd(ssl, client.get());
                if (::SSL_accept(ssl) != 1) {
                    ::SSL_free(ssl);
                    continue;
                }
            }
            talk(client.get(), ssl, answers_.empty() ? "" : answers_[i % answers_.size()]);
            if (ssl != nullptr) {
                ::SSL_shutdown(ssl);
                ::SSL_free(ssl);
            }
            if (stall_) held.push_back(std::move(client));
        }
    }

    void talk(int fd, SSL* ssl, const std::string& answer) {
        std::string head;
        char bytes[4096];
        while (head.find("\r\n\r\n") == head.npos) {
            if (ssl == nullptr && !wait_readable(fd)) return;
            const auto n = ssl != nullptr ? ::SSL_read(ssl, bytes, sizeof bytes)
                                          : static_cast<int>(::recv(fd, bytes, sizeof bytes, 0));
            if (n <= 0) break;
            head.append(bytes, static_cast<std::size_t>(n));
            // What is no HTTP request gets its answer at once.
            if (!head.starts_with("G")) break;
        }
        {
            const std::scoped_lock lock(mutex_);
            requests_.push_back(head);
        }
        std::size_t sent = 0;
        while (sent < answer.size()) {
            const auto n =
                ssl != nullptr
                    ? ::SSL_write(ssl, answer.data() + sent, static_cast<int>(answer.size() - sent))
                    : static_cast<int>(
                          ::send(fd, answer.data() + sent, answer.size() - sent, MSG_NOSIGNAL));
            if (n <= 0) return;
            sent += static_cast<std::size_t>(n);
        }
    }

    std::vector<std::string> answers_;
    bool stall_;
    SSL_CTX* tls_;
    util::Fd listener_;
    util::Wakeup stop_;
    std::uint16_t port_ = 0;
    std::mutex mutex_;
    std::vector<std::string> requests_;  // guarded by mutex_
    std::thread thread_;
};

// An answer with its length, as Cowboy (RabbitMQ's HTTP server) writes it.
inline std::string http_answer(int status, const std::string& body) {
    return "HTTP/1.1 " + std::to_string(status) +
           " X\r\ncache-control: no-cache\r\ncontent-length: " + std::to_string(body.size()) +
           "\r\ncontent-type: application/json\r\nserver: Cowboy\r\n\r\n" + body;
}

}  // namespace airy::test
