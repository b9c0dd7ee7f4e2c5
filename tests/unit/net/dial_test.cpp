// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "net/dial.hpp"

#include <doctest/doctest.h>
#include <poll.h>
#include <sys/socket.h>

#include <vector>

#include "util/error.hpp"

using namespace airy;
using namespace std::chrono_literals;
using boost::asio::ip::make_address;
using boost::asio::ip::tcp;

namespace {

// Listens on an address of the loopback network and accepts nothing.
class ListeningSocket {
  public:
    explicit ListeningSocket(const char* address, std::uint16_t port = 0) {
        tcp::endpoint wanted(make_address(address), port);
        fd_.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        REQUIRE(::bind(fd_.get(), wanted.data(), static_cast<socklen_t>(wanted.size())) == 0);
        REQUIRE(::listen(fd_.get(), 0) == 0);
        auto size = static_cast<socklen_t>(endpoint_.capacity());
        REQUIRE(::getsockname(fd_.get(), endpoint_.data(), &size) == 0);
    }

    const tcp::endpoint& endpoint() const noexcept { return endpoint_; }

    // Fills its queue: from now on it answers no further connection.
    void fall_silent() {
        for (int i = 0; i < 64; ++i) {
            waiting_.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
            ::connect(waiting_.back().get(), endpoint_.data(),
                      static_cast<socklen_t>(endpoint_.size()));
            pollfd connecting{waiting_.back().get(), POLLOUT, 0};
            if (::poll(&connecting, 1, 50) == 0) return;
        }
        FAIL("the queue has no end");
    }

  private:
    util::Fd fd_;
    tcp::endpoint endpoint_;
    std::vector<util::Fd> waiting_;
};

// Where nobody listens.
tcp::endpoint unheard() {
    return ListeningSocket("127.0.0.1").endpoint();
}

struct Failure {
    Reason reason = Reason::general;
    std::string text;
};

Failure failure_of(const std::vector<tcp::endpoint>& addresses, net::DialLimits limits) {
    try {
        net::dial(addresses, limits);
    } catch (const Error& error) {
        return {error.reason(), error.what()};
    }
    FAIL("was connected");
    return {};
}

net::DialLimits within(std::chrono::milliseconds time) {
    return {std::chrono::steady_clock::now() + time};
}

}  // namespace

TEST_CASE("the first address that answers is taken") {
    const ListeningSocket first("127.0.0.1");
    const ListeningSocket second("127.0.0.2");
    const std::vector addresses{first.endpoint(), second.endpoint()};
    CHECK(net::dial(addresses, within(10s)).address == "127.0.0.1");
}

TEST_CASE("the next address follows one that refuses at once") {
    const ListeningSocket second("127.0.0.2");
    const std::vector addresses{unheard(), second.endpoint()};
    const auto start = std::chrono::steady_clock::now();
    const auto dialled = net::dial(addresses, within(20s));
    CHECK(dialled.address == "127.0.0.2");
    CHECK(dialled.fd);
    CHECK(std::chrono::steady_clock::now() - start < net::next_address_after);
}

TEST_CASE("the next address follows one that does not answer, long before the deadline") {
    ListeningSocket first("127.0.0.1");
    first.fall_silent();
    const ListeningSocket second("127.0.0.2");
    const std::vector addresses{first.endpoint(), second.endpoint()};
    const auto start = std::chrono::steady_clock::now();
    CHECK(net::dial(addresses, within(400ms)).address == "127.0.0.2");
    CHECK(std::chrono::steady_clock::now() - start >= 150ms);
}

TEST_CASE("one address that does not answer: the words tell the time") {
    ListeningSocket silent("127.0.0.1");
    silent.fall_silent();
    const auto failure = failure_of({silent.endpoint()}, within(100ms));
    CHECK(failure.reason == Reason::unreachable);
    CHECK(failure.text.starts_with("no answer within 0.1"));
}

TEST_CASE("several addresses that fail in different ways are all named") {
    ListeningSocket silent("127.0.0.1");
    silent.fall_silent();
    const auto failure = failure_of({silent.endpoint(), unheard()}, within(200ms));
    CHECK(failure.reason == Reason::unreachable);
    CHECK(failure.text.find("127.0.0.1 no answer within 0.2") != std::string::npos);
    CHECK(failure.text.find("; 127.0.0.1 connection refused") != std::string::npos);
}

TEST_CASE("addresses that all refuse have the reason of one") {
    const auto failure = failure_of({unheard(), unheard()}, within(10s));
    CHECK(failure.reason == Reason::nobody_listens);
    CHECK(failure.text == "connection refused");
    CHECK(failure_of({}, within(10s)).reason == Reason::nobody_listens);
}

TEST_CASE("a readable descriptor ends the dialling") {
    ListeningSocket silent("127.0.0.1");
    silent.fall_silent();
    util::Wakeup stop;
    stop.signal();
    auto limits = within(10s);
    limits.interrupt = stop.fd();
    CHECK(failure_of({silent.endpoint()}, limits).reason == Reason::interrupted);
}

TEST_CASE("a host that is an address needs no name server") {
    const ListeningSocket listener("127.0.0.1");
    CHECK(net::dial("127.0.0.1", listener.endpoint().port(), within(10s)).address == "127.0.0.1");
}
