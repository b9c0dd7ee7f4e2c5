// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/io_context.hpp>
#include <memory>
#include <new>

namespace airy::pool {

class LaneHost;

// An allocator that carries a pool's address in the executor of the pool's coroutines, so that a
// submission can tell that it comes from a task of the same pool.
template <class T>
struct LaneAllocator {
    using value_type = T;
    const LaneHost* pool;

    explicit LaneAllocator(const LaneHost* p) noexcept : pool(p) {}
    template <class U>
    LaneAllocator(const LaneAllocator<U>& other) noexcept : pool(other.pool) {}
    T* allocate(std::size_t n) { return std::allocator<T>().allocate(n); }
    void deallocate(T* at, std::size_t n) noexcept { std::allocator<T>().deallocate(at, n); }
    template <class U>
    bool operator==(const LaneAllocator<U>& other) const noexcept {
        return pool == other.pool;
    }
};

inline auto lane_executor(boost::asio::io_context& loop, const LaneHost* pool) {
    return boost::asio::require(loop.get_executor(),
                                boost::asio::execution::allocator(LaneAllocator<void>(pool)));
}
using LaneExecutor = decltype(lane_executor(std::declval<boost::asio::io_context&>(), nullptr));

// Whether code that runs on this executor is part of a task of the pool.
inline bool runs_task_of(const boost::asio::any_io_executor& executor, const LaneHost* pool) {
    const auto* lane = executor.target<LaneExecutor>();
    return lane && boost::asio::query(*lane, boost::asio::execution::allocator).pool == pool;
}

}  // namespace airy::pool
