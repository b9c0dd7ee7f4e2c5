// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "net/dial.hpp"

#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "net/lookup.hpp"
#include "net/wait_for.hpp"
#include "util/error.hpp"

namespace airy::net {
namespace {

using boost::asio::ip::tcp;
using std::chrono::steady_clock;

std::string lower_errno(int error) {
    std::string text = std::strerror(error);
    if (!text.empty())
        text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
    return text;
}

// One address of the host, and how far connecting to it has come.
struct Attempt {
    tcp::endpoint address;
    util::Fd fd;    // while connecting
    int error = 0;  // ETIMEDOUT: no answer
};

// Connects to the addresses of one host, the later ones beside the earlier.
class Dialling {
  public:
    Dialling(std::span<const tcp::endpoint> addresses, const DialLimits& limits)
        : limits_(limits), started_at_(steady_clock::now()), next_at_(started_at_) {
        for (const auto& address : addresses)
            attempts_.push_back({address, {}, 0});
    }

    Dialled run() {
        for (;;) {
            if (auto* done = start_due()) return taken(*done);
            if (!any_under_way()) {
                if (started_ == attempts_.size()) throw failure();
                next_at_ = steady_clock::now();
                continue;
            }
            if (auto* done = wait()) return taken(*done);
            if (steady_clock::now() >= limits_.deadline) throw failure();
        }
    }

  private:
    bool any_under_way() const {
        return std::ranges::any_of(
            attempts_, [](const Attempt& attempt) { return static_cast<bool>(attempt.fd); });
    }

    // Starts each attempt whose time has come; returns one that is connected already.
    Attempt* start_due() {
        while (started_ < attempts_.size() && steady_clock::now() >= next_at_) {
            auto& attempt = attempts_[started_++];
            const auto left = std::max(limits_.deadline - steady_clock::now(), {});
            const auto share = left / static_cast<int>(attempts_.size() - started_ + 1);
            next_at_ =
                steady_clock::now() + std::min<steady_clock::duration>(next_address_after, share);
            if (start(attempt)) return &attempt;
            if (!attempt.fd) next_at_ = steady_clock::now();
        }
        return nullptr;
    }

    // Whether it is connected at once.
    static bool start(Attempt& attempt) {
        const auto& address = attempt.address;
        attempt.fd.reset(
            ::socket(address.protocol().family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        if (!attempt.fd) {
            attempt.error = errno;
            return false;
        }
        if (::connect(attempt.fd.get(), address.data(), static_cast<socklen_t>(address.size())) ==
            0)
            return true;
        if (errno != EINPROGRESS) {
            attempt.error = errno;
            attempt.fd.reset();
        }
        return false;
    }

    // Waits until an attempt ends, the next one is due, or the deadline; returns one that is
    // connected.
    Attempt* wait() {
        std::vector<pollfd> waiting;
        for (const auto& attempt : attempts_)
            waiting.push_back({attempt.fd.get(), POLLOUT, 0});
        waiting.push_back({limits_.interrupt, POLLIN, 0});
        wait_for(waiting, started_ < attempts_.size() ? std::min(next_at_, limits_.deadline)
                                                      : limits_.deadline);
        if (waiting.back().revents != 0) throw Error(Reason::interrupted, "interrupted");
        for (std::size_t i = 0; i < attempts_.size(); ++i) {
            if (waiting[i].revents == 0) continue;
            auto& attempt = attempts_[i];
            socklen_t size = sizeof attempt.error;
            ::getsockopt(attempt.fd.get(), SOL_SOCKET, SO_ERROR, &attempt.error, &size);
            if (attempt.error == 0) return &attempt;
            attempt.fd.reset();
            next_at_ = steady_clock::now();  // RFC 8305: a failure starts the next attempt
        }
        return nullptr;
    }

    static Dialled taken(Attempt& attempt) {
        return {std::move(attempt.fd), attempt.address.address().to_string()};
    }

    Error failure() {
        for (auto& attempt : attempts_)
            if (attempt.error == 0) attempt.error = ETIMEDOUT;
        const auto first = attempts_.empty() ? ECONNREFUSED : attempts_.front().error;
        const bool alike = std::ranges::all_of(
            attempts_, [first](const Attempt& attempt) { return attempt.error == first; });
        const auto reason =
            alike && first == ECONNREFUSED ? Reason::nobody_listens : Reason::unreachable;
        if (attempts_.size() < 2 || (alike && first == ECONNREFUSED))
            return Error(reason, words(first));
        std::vector<std::string> each;
        for (const auto& attempt : attempts_)
            each.push_back(
                fmt::format("{} {}", attempt.address.address().to_string(), words(attempt.error)));
        return Error(reason, fmt::format("{}", fmt::join(each, "; ")));
    }

    std::string words(int error) const {
        if (error != ETIMEDOUT) return lower_errno(error);
        using Tenths = std::chrono::duration<std::int64_t, std::deci>;
        const auto waited = std::chrono::round<Tenths>(steady_clock::now() - started_at_);
        return fmt::format("no answer within {:.3g} s",
                           std::chrono::duration<double>(waited).count());
    }

    const DialLimits limits_;
    const util::SteadyTime started_at_;
    std::vector<Attempt> attempts_;
    std::size_t started_ = 0;  // of the attempts
    util::SteadyTime next_at_;
};

}  // namespace

Dialled dial(std::span<const tcp::endpoint> addresses, const DialLimits& limits) {
    return Dialling(addresses, limits).run();
}

Dialled dial(const std::string& host, std::uint16_t port, const DialLimits& limits) {
    auto addresses = find_host_by(host, limits.deadline, limits.interrupt);
    for (auto& address : addresses)
        address.port(port);
    return dial(addresses, limits);
}

}  // namespace airy::net
