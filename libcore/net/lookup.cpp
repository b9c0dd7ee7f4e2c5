// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "net/lookup.hpp"

#include <fmt/core.h>
#include <netdb.h>

#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <system_error>
#include <thread>

#include "net/wait_for.hpp"
#include "util/error.hpp"
#include "util/fd.hpp"
#include "util/text.hpp"

namespace airy::net {
namespace {

using boost::asio::ip::tcp;
using AddressList = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;

FoundHost by_getaddrinfo(const std::string& host, int flags) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = flags;
    addrinfo* list = nullptr;
    int code = ::getaddrinfo(host.c_str(), nullptr, &hints, &list);
    if (flags == AI_ADDRCONFIG && (code == EAI_NONAME || code == EAI_BADFLAGS)) {
        // AI_ADDRCONFIG hides loopback addresses on a host without any other.
        hints.ai_flags = 0;
        code = ::getaddrinfo(host.c_str(), nullptr, &hints, &list);
    }
    if (code != 0)
        return {
            {},
            fmt::format("cannot resolve '{}': {}", util::printable(host), ::gai_strerror(code))};
    const AddressList owner(list, ::freeaddrinfo);
    FoundHost found;
    for (const auto* info = list; info != nullptr; info = info->ai_next) {
        if (info->ai_addrlen > sizeof(sockaddr_in6)) continue;
        tcp::endpoint endpoint;
        endpoint.resize(info->ai_addrlen);
        std::memcpy(endpoint.data(), info->ai_addr, info->ai_addrlen);
        found.endpoints.push_back(endpoint);
    }
    return found;
}

// One name being looked up; shared by its thread and the waiting callers.
struct Lookup {
    util::Wakeup done;  // stays readable
    std::mutex mutex;
    FoundHost found;  // guarded by mutex
};

// The lookups under way. Never destroyed: a thread may outlive the static objects.
struct Board {
    std::mutex mutex;
    std::map<std::string, std::shared_ptr<Lookup>> by_name;
};

Board& board() {
    static auto* const only = new Board;
    return *only;
}

void look_up(const std::string& host, const FindHost& find, Lookup& lookup) {
    auto found = find(host);
    {
        const std::lock_guard lock(board().mutex);
        board().by_name.erase(host);
    }
    {
        const std::lock_guard lock(lookup.mutex);
        lookup.found = std::move(found);
    }
    lookup.done.signal();
}

std::shared_ptr<Lookup> join_or_start(const std::string& host, const FindHost& find) {
    auto lookup = std::make_shared<Lookup>();
    {
        const std::lock_guard lock(board().mutex);
        auto& known = board().by_name[host];
        if (known) return known;
        known = lookup;
    }
    try {
        std::thread([host, find, lookup] { look_up(host, find, *lookup); }).detach();
    } catch (const std::system_error&) {
        look_up(host, find, *lookup);  // no thread is left: without a deadline, then
    }
    return lookup;
}

}  // namespace

FoundHost find_address(const std::string& host) {
    return by_getaddrinfo(host, AI_NUMERICHOST);
}

FoundHost find_host(const std::string& host) {
    return by_getaddrinfo(host, AI_ADDRCONFIG);
}

std::vector<tcp::endpoint> find_host_by(const std::string& host, util::SteadyTime deadline,
                                        int interrupt, const FindHost& find) {
    if (auto own = find_address(host); own.failure.empty()) return std::move(own.endpoints);
    const auto lookup = join_or_start(host, find);
    pollfd waiting[] = {{lookup->done.fd(), POLLIN, 0}, {interrupt, POLLIN, 0}};
    wait_for(waiting, deadline);
    if (waiting[1].revents != 0) throw Error(Reason::interrupted, "interrupted");
    if (waiting[0].revents == 0)
        throw Error(ErrorKind::unreachable,
                    fmt::format("resolving '{}' took too long", util::printable(host)));
    const std::lock_guard lock(lookup->mutex);
    if (!lookup->found.failure.empty()) throw Error(Reason::host_not_found, lookup->found.failure);
    return lookup->found.endpoints;
}

}  // namespace airy::net
