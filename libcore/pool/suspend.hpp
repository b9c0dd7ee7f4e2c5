// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <boost/asio/async_result.hpp>
#include <boost/asio/deferred.hpp>
#include <utility>

#include "pool/callable.hpp"

namespace airy::pool {

// Resumes a suspended coroutine when it is called. Destroyed without a call, it has the coroutine
// destroyed on the coroutine's loop.
using ResumeCoroutine = Callable<void(), 24>;

struct StoreResume {
    ResumeCoroutine* resume;
    template <class Handler>
    void operator()(Handler&& handler) const {
        *resume = std::forward<Handler>(handler);
    }
};

// `co_await` of the result suspends the coroutine and stores its resumption in `resume`.
inline auto suspend(ResumeCoroutine& resume) {
    return boost::asio::async_initiate<const boost::asio::deferred_t, void()>(
        StoreResume{&resume}, boost::asio::deferred);
}

}  // namespace airy::pool
