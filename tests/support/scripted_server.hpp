// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "util/fd.hpp"

namespace airy::test {

// One client of a TalkingServer, as its script sees it. Closed when the script returns.
class Talk {
  public:
    Talk(util::Fd client, SSL* ssl, const util::Wakeup& stop, std::size_t number)
        : client_(std::move(client)), ssl_(ssl), stop_(stop), number_(number) {}
    ~Talk() {
        if (ssl_ == nullptr) return;
        if (client_) ::SSL_shutdown(ssl_);
        ::SSL_free(ssl_);
    }
    Talk(const Talk&) = delete;
    Talk& operator=(const Talk&) = delete;

    std::size_t number() const noexcept { return number_; }  // clients before this one

    // Reads a head, and the body of the length in Content-Length; only the bytes so far when the
    // client has left, or does not speak HTTP.
    std::string read_request() {
        std::size_t size = std::string::npos;
        while (unread_.size() < size && read_more()) {
            if (unread_[0] < 'A' || unread_[0] > 'Z') break;
            if (const auto end = unread_.find("\r\n\r\n"); end != unread_.npos)
                size = end + 4 + content_length(unread_.substr(0, end));
        }
        if (const auto end = unread_.find("\r\n\r\n"); end != unread_.npos)
            size = end + 4 + content_length(unread_.substr(0, end));
        size = std::min(size, unread_.size());
        std::string request = unread_.substr(0, size);
        unread_.erase(0, size);
        return request;
    }

    // Reads a head up to its blank line, and no further.
    std::string read_head() {
        while (unread_.find("\r\n\r\n") == unread_.npos && read_more()) {
        }
        return unread_;
    }

    bool send(std::string_view bytes) {
        while (!bytes.empty()) {
            const auto n = ssl_ != nullptr
                               ? ::SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size()))
                               : static_cast<int>(::send(client_.get(), bytes.data(), bytes.size(),
                                                         MSG_NOSIGNAL));
            if (n <= 0) return false;
            bytes.remove_prefix(static_cast<std::size_t>(n));
        }
        return true;
    }

    // Sends and reads nothing until the client has left or the server is destroyed.
    void hold() {
        pollfd fds[2] = {{client_.get(), POLLRDHUP, 0}, {stop_.fd(), POLLIN, 0}};
        while (::poll(fds, 2, -1) < 0) {
        }
    }

    // Resets the client's connection.
    void reset() {
        const linger at_once{1, 0};
        ::setsockopt(client_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        client_.reset();
    }

  private:
    static std::size_t content_length(const std::string& head) {
        const auto at = head.find("Content-Length: ");
        return at == head.npos ? 0 : std::stoul(head.substr(at + 16));
    }

    // False when the client sends nothing more.
    bool read_more() {
        if (ssl_ == nullptr || ::SSL_pending(ssl_) == 0) {
            pollfd fds[2] = {{client_.get(), POLLIN, 0}, {stop_.fd(), POLLIN, 0}};
            while (::poll(fds, 2, -1) < 0) {
            }
            if ((fds[1].revents & POLLIN) != 0) return false;
        }
        char bytes[16 * 1024];
        const auto n = ssl_ != nullptr
                           ? ::SSL_read(ssl_, bytes, sizeof bytes)
                           : static_cast<int>(::recv(client_.get(), bytes, sizeof bytes, 0));
        if (n > 0) unread_.append(bytes, static_cast<std::size_t>(n));
        return n > 0;
    }

    util::Fd client_;
    SSL* ssl_;
    const util::Wakeup& stop_;
    std::size_t number_;
    std::string unread_;
};

// A server on 127.0.0.1 that talks to each client as the script says, on a thread of its own, and
// closes when the script returns. With a context it speaks TLS.
class TalkingServer {
  public:
    using Script = std::function<void(Talk&)>;

    explicit TalkingServer(Script script, SSL_CTX* tls = nullptr)
        : script_(std::move(script)), tls_(tls) {
        listener_ = util::Fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        ::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address);
        ::listen(listener_.get(), 1024);
        socklen_t size = sizeof address;
        ::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size);
        port_ = ntohs(address.sin_port);
        thread_ = std::thread([this] { accept(); });
    }

    ~TalkingServer() {
        stop_.signal();
        thread_.join();
        for (auto& talk : talks_)
            talk.join();
    }

    std::uint16_t port() const noexcept { return port_; }
    std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

    // The number of clients so far.
    std::size_t connections() {
        const std::scoped_lock lock(mutex_);
        return connections_;
    }

    // Waits until that many clients are closed; false when they are not within 10 s.
    bool wait_for_ended(std::size_t count) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, std::chrono::seconds(10), [&] { return ended_ >= count; });
    }

  private:
    void accept() {
        for (;;) {
            pollfd fds[2] = {{listener_.get(), POLLIN, 0}, {stop_.fd(), POLLIN, 0}};
            while (::poll(fds, 2, -1) < 0) {
            }
            if ((fds[1].revents & POLLIN) != 0) return;
            util::Fd client(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
            if (!client) return;
            const std::scoped_lock lock(mutex_);
            talks_.emplace_back(
                [this, number = connections_++](util::Fd accepted) {
                    serve(std::move(accepted), number);
                    const std::scoped_lock ending(mutex_);
                    ++ended_;
                    changed_.notify_all();
                },
                std::move(client));
        }
    }

    void serve(util::Fd client, std::size_t number) {
        SSL* ssl = nullptr;
        if (tls_ != nullptr) {
            ssl = ::SSL_new(tls_);
            ::SSL_set_fd(ssl, client.get());
            if (::SSL_accept(ssl) != 1) {
                ::SSL_free(ssl);
                return;
            }
        }
        Talk talk(std::move(client), ssl, stop_, number);
        script_(talk);
    }

    Script script_;
    SSL_CTX* tls_;
    util::Fd listener_;
    util::Wakeup stop_;
    std::uint16_t port_ = 0;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::size_t connections_ = 0;  // guarded by mutex_, as are the next two
    std::size_t ended_ = 0;
    std::vector<std::thread> talks_;
    std::thread thread_;
};

// An HTTP server that gives each client in turn one prepared answer, byte for byte, and closes; or
// keeps the connection open and sends nothing more (`stall`).
class ScriptedServer {
  public:
    ScriptedServer(std::vector<std::string> answers, bool stall = false, SSL_CTX* tls = nullptr)
        : answers_(std::move(answers)),
          stall_(stall),
          server_([this](Talk& talk) { answer(talk); }, tls) {}

    std::uint16_t port() const noexcept { return server_.port(); }
    std::string url() const { return server_.url(); }

    // The requests so far, in order.
    std::vector<std::string> requests() {
        const std::scoped_lock lock(mutex_);
        return requests_;
    }

  private:
    void answer(Talk& talk) {
        auto request = talk.read_request();
        {
            const std::scoped_lock lock(mutex_);
            requests_.push_back(std::move(request));
        }
        if (!answers_.empty()) talk.send(answers_[talk.number() % answers_.size()]);
        if (stall_) talk.hold();
    }

    std::vector<std::string> answers_;
    bool stall_;
    std::mutex mutex_;
    std::vector<std::string> requests_;  // guarded by mutex_
    TalkingServer server_;
};

// An answer with its length, as Cowboy (RabbitMQ's HTTP server) writes it.
inline std::string http_answer(int status, const std::string& body) {
    return "HTTP/1.1 " + std::to_string(status) +
           " X\r\ncache-control: no-cache\r\ncontent-length: " + std::to_string(body.size()) +
           "\r\ncontent-type: application/json\r\nserver: Cowboy\r\n\r\n" + body;
}

}  // namespace airy::test
