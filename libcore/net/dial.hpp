// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "util/clock.hpp"
#include "util/fd.hpp"

namespace airy::net {

// A TCP connection that has just been made. The socket is non-blocking and closed on exec.
struct Dialled {
    util::Fd fd;
    std::string address;  // of the peer, as text, without the port
};

// Connecting ends at the deadline, and at once when the descriptor `interrupt` is readable.
struct DialLimits {
    util::SteadyTime deadline;
    int interrupt = -1;
};

// After this time without an answer the next address of a host is tried, beside the ones before it
// (RFC 8305 section 5, with more patience: a busy broker is not passed by); earlier where the
// deadline leaves less to each address.
constexpr std::chrono::milliseconds next_address_after{2500};

// Connects to the first of these addresses that answers. Throws Error{nobody_listens} when all
// refuse, Error{interrupted}, else Error{unreachable}; each with the bare reason, which names the
// addresses where there are several. Any thread.
Dialled dial(std::span<const boost::asio::ip::tcp::endpoint> addresses, const DialLimits& limits);

// Looks the host up first. Throws as find_host_by does, too.
Dialled dial(const std::string& host, std::uint16_t port, const DialLimits& limits);

}  // namespace airy::net
