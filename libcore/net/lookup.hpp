// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <functional>
#include <string>
#include <vector>

#include "util/clock.hpp"

namespace airy::net {

// The result of looking up a name. A failure crosses threads as a value, since two threads would
// release an exception.
struct FoundHost {
    std::vector<boost::asio::ip::tcp::endpoint> endpoints;  // with port 0
    std::string failure;                                    // empty: none
};

// Looks one name up on any thread; may take any time.
using FindHost = std::function<FoundHost(const std::string& host)>;

// The address that `host` itself is, without asking anybody; a failure for a name.
FoundHost find_address(const std::string& host);

// By getaddrinfo(3), which blocks, hears no signal and has no deadline.
FoundHost find_host(const std::string& host);

// The same on a thread of its own, which calls that wait for the same name share: a name server
// that does not answer holds one thread for each name. Throws Error{host_not_found} with the bare
// reason; Error{unreachable} at the deadline, and Error{interrupted} once the descriptor
// `interrupt` is readable (-1: never). Any thread.
std::vector<boost::asio::ip::tcp::endpoint> find_host_by(const std::string& host,
                                                         util::SteadyTime deadline, int interrupt,
                                                         const FindHost& find = find_host);

}  // namespace airy::net
