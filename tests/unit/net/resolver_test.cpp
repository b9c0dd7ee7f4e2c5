// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "net/resolver.hpp"

#include <doctest/doctest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <condition_variable>
#include <mutex>

#include "util/error.hpp"

using namespace airy;
using namespace std::chrono_literals;
namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

// Looks every name up as 192.0.2.1, once `open` is called.
class Gate {
  public:
    net::FindHost look_up() {
        return [state = state_](const std::string& host) {
            std::unique_lock lock(state->mutex);
            ++state->calls;
            state->changed.notify_all();
            state->changed.wait(lock, [&] { return state->open; });
            net::FoundHost found;
            if (host == "missing")
                found.failure = "no such host";
            else
                found.endpoints = {tcp::endpoint(asio::ip::make_address("192.0.2.1"), 0)};
            return found;
        };
    }
    ~Gate() { open(); }
    void open() {
        const std::scoped_lock lock(state_->mutex);
        state_->open = true;
        state_->changed.notify_all();
    }
    int calls() {
        const std::scoped_lock lock(state_->mutex);
        return state_->calls;
    }
    bool wait_for_calls(int count) {
        std::unique_lock lock(state_->mutex);
        return state_->changed.wait_for(lock, 10s, [&] { return state_->calls >= count; });
    }

  private:
    struct State {
        std::mutex mutex;
        std::condition_variable changed;
        bool open = false;
        int calls = 0;
    };
    std::shared_ptr<State> state_ = std::make_shared<State>();  // shared with the threads
};

struct Resolved {
    std::vector<tcp::endpoint> endpoints;
    std::string failure;
    bool aborted = false;
    bool done = false;
};

asio::awaitable<std::vector<tcp::endpoint>> resolve(net::Resolver& resolver, std::string host,
                                                    std::chrono::milliseconds limit) {
    asio::steady_timer deadline(co_await asio::this_coro::executor, limit);
    co_return co_await resolver.resolve(host, 99, deadline);
}

void ask(asio::io_context& loop, net::Resolver& resolver, const std::string& host, Resolved& asked,
         std::chrono::milliseconds limit = 10s, asio::cancellation_slot slot = {}) {
    asio::co_spawn(loop, resolve(resolver, host, limit),
                   asio::bind_cancellation_slot(
                       slot, [&asked](std::exception_ptr error, std::vector<tcp::endpoint> found) {
                           asked.done = true;
                           asked.endpoints = std::move(found);
                           try {
                               if (error) std::rethrow_exception(error);
                           } catch (const Error& failed) {
                               asked.failure = failed.what();
                           } catch (const boost::system::system_error& failed) {
                               asked.aborted = failed.code() == asio::error::operation_aborted;
                           }
                       }));
}

}  // namespace

TEST_CASE("an address needs no lookup") {
    asio::io_context loop{1};
    Gate gate;
    net::Resolver resolver(loop, gate.look_up());
    Resolved v4, v6;
    ask(loop, resolver, "127.0.0.1", v4);
    ask(loop, resolver, "::1", v6);
    loop.run();
    CHECK(v4.endpoints == std::vector{tcp::endpoint(asio::ip::make_address("127.0.0.1"), 99)});
    CHECK(v6.endpoints == std::vector{tcp::endpoint(asio::ip::make_address("::1"), 99)});
    CHECK(gate.calls() == 0);
}

TEST_CASE("one name is looked up once for all that wait for it") {
    asio::io_context loop{1};
    Gate gate;
    net::Resolver resolver(loop, gate.look_up());
    std::vector<Resolved> asked(1000);
    for (auto& one : asked)
        ask(loop, resolver, "name", one);
    loop.poll();
    gate.open();
    loop.run();
    for (const auto& one : asked)
        CHECK(one.endpoints == std::vector{tcp::endpoint(asio::ip::make_address("192.0.2.1"), 99)});
    CHECK(gate.calls() == 1);

    Resolved again;
    ask(loop, resolver, "missing", again);
    loop.restart();
    loop.run();
    CHECK(again.failure == "no such host");
    CHECK(gate.calls() == 2);
}

TEST_CASE("a lookup that hangs delays neither its deadline, nor the loop, nor other names") {
    asio::io_context loop{1};
    Gate gate;
    auto resolver = std::make_unique<net::Resolver>(loop, gate.look_up());
    Resolved late, cancelled;
    asio::cancellation_signal signal;
    ask(loop, *resolver, "slow", late, 50ms);
    ask(loop, *resolver, "slower", cancelled, 10s, signal.slot());
    loop.poll();
    REQUIRE(gate.wait_for_calls(2));
    signal.emit(asio::cancellation_type::terminal);
    const auto start = std::chrono::steady_clock::now();
    loop.run();
    CHECK(std::chrono::steady_clock::now() - start < 5s);
    CHECK(late.failure == "resolving 'slow' took too long");
    CHECK(cancelled.aborted);
    // The threads outlive the resolver, and post to no loop then.
    resolver.reset();
}

TEST_CASE("a bounded number of names is looked up at once, the others follow") {
    asio::io_context loop{1};
    Gate gate;
    net::Resolver resolver(loop, gate.look_up());
    std::vector<Resolved> asked(30);
    for (std::size_t i = 0; i < asked.size(); ++i)
        ask(loop, resolver, "name" + std::to_string(i), asked[i]);
    loop.poll();
    REQUIRE(gate.wait_for_calls(8));
    CHECK(gate.calls() == 8);
    gate.open();
    loop.run();
    CHECK(gate.calls() == 30);
    for (const auto& one : asked)
        CHECK(one.endpoints.size() == 1);
}
