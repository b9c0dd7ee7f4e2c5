// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "net/resolver.hpp"

#include <fmt/core.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <list>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include "util/error.hpp"
#include "util/text.hpp"

namespace airy::net {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

// Most names looked up at once; a dead name server holds a thread for tens of seconds.
constexpr int thread_limit = 8;

}  // namespace

// One name being looked up; shared by the resolver, its thread and the waiting coroutines.
struct Resolver::Lookup {
    Lookup(Resolver& resolver, std::string name)
        : host(std::move(name)), owner(&resolver), loop(&resolver.loop_) {}

    const std::string host;

    // Only on the loop thread.
    Resolver* owner;  // null once it is gone
    bool done = false;
    FoundHost found;
    std::list<asio::steady_timer*> waiting;

    std::mutex mutex;
    asio::io_context* loop;  // guarded by mutex; null once the resolver is gone
};

// A coroutine's place among those that wait for a lookup.
struct Resolver::Waiting {
    Waiting(Lookup& looked_up, asio::steady_timer& timer) : lookup(looked_up) {
        place = lookup.waiting.insert(lookup.waiting.end(), &timer);
    }
    ~Waiting() { lookup.waiting.erase(place); }
    Waiting(const Waiting&) = delete;
    Waiting& operator=(const Waiting&) = delete;

    Lookup& lookup;
    std::list<asio::steady_timer*>::iterator place;
};

Resolver::Resolver(asio::io_context& loop) : Resolver(loop, net::find_host) {}

Resolver::Resolver(asio::io_context& loop, FindHost find_host)
    : loop_(loop), find_host_(std::move(find_host)) {}

Resolver::~Resolver() {
    for (auto& [name, lookup] : lookups_) {
        lookup->owner = nullptr;
        const std::scoped_lock lock(lookup->mutex);
        lookup->loop = nullptr;
    }
}

asio::awaitable<std::vector<tcp::endpoint>> Resolver::resolve(const std::string& host,
                                                              std::uint16_t port,
                                                              asio::steady_timer& deadline) {
    FoundHost found = find_address(host);
    if (!found.failure.empty()) {
        auto& known = lookups_[host];
        if (!known) {
            known = std::make_shared<Lookup>(*this, host);
            queued_.push_back(known);
            start_next();
        }
        const auto lookup = known;
        if (!lookup->done) {
            const Waiting waiting(*lookup, deadline);
            const auto [ended] = co_await deadline.async_wait(asio::as_tuple(asio::use_awaitable));
            if (!lookup->done && ended)  // neither found nor too late: the caller was cancelled
                throw boost::system::system_error(asio::error::operation_aborted);
        }
        if (!lookup->done)
            throw Error(ErrorKind::unreachable,
                        fmt::format("resolving '{}' took too long", util::printable(host)));
        found = lookup->found;
    }
    if (!found.failure.empty()) throw Error(ErrorKind::unreachable, found.failure);
    for (auto& endpoint : found.endpoints)
        endpoint.port(port);
    co_return std::move(found.endpoints);
}

void Resolver::start_next() {
    if (queued_.empty() || threads_ >= thread_limit) return;
    const auto lookup = queued_.front();
    queued_.pop_front();
    try {
        std::thread([lookup, find_host = find_host_] {
            FoundHost found = find_host(lookup->host);
            const std::scoped_lock lock(lookup->mutex);
            if (lookup->loop == nullptr) return;
            asio::post(*lookup->loop, [lookup, found = std::move(found)]() mutable {
                lookup->found = std::move(found);
                if (lookup->owner != nullptr) lookup->owner->finish(lookup);
            });
        }).detach();
        ++threads_;
    } catch (const std::system_error& error) {
        ++threads_;
        lookup->found.failure =
            fmt::format("cannot resolve '{}': {}", util::printable(lookup->host), error.what());
        asio::post(loop_, [lookup] {
            if (lookup->owner != nullptr) lookup->owner->finish(lookup);
        });
    }
}

void Resolver::finish(const std::shared_ptr<Lookup>& lookup) {
    lookup->done = true;
    for (auto* timer : lookup->waiting)
        timer->cancel();
    lookups_.erase(lookup->host);
    --threads_;
    start_next();
}

}  // namespace airy::net
