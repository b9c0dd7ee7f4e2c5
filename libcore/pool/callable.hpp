// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

namespace airy::pool {

// A move-only function: unlike std::function it takes callables that cannot be copied, and it keeps
// a callable of up to `Capacity` bytes without an allocation. Not thread-safe.
template <class Signature, std::size_t Capacity = 48>
class Callable;

template <class R, class... Args, std::size_t Capacity>
class Callable<R(Args...), Capacity> {
  public:
    Callable() noexcept = default;
    Callable(std::nullptr_t) noexcept {}

    template <class F,
              class = std::enable_if_t<!std::is_same_v<std::decay_t<F>, Callable> &&
                                       std::is_invocable_r_v<R, std::decay_t<F>&, Args...>>>
    Callable(F&& function) {
        using Stored = std::decay_t<F>;
        if constexpr (sizeof(Stored) <= Capacity && alignof(Stored) <= alignof(void*) &&
                      std::is_nothrow_move_constructible_v<Stored>) {
            ::new (static_cast<void*>(buffer_)) Stored(std::forward<F>(function));
            operations_ = &inline_operations<Stored>;
        } else {
            ::new (static_cast<void*>(buffer_)) Stored*(new Stored(std::forward<F>(function)));
            operations_ = &boxed_operations<Stored>;
        }
    }

    Callable(Callable&& other) noexcept { take(other); }
    Callable& operator=(Callable&& other) noexcept {
        if (this != &other) {
            reset();
            take(other);
        }
        return *this;
    }
    Callable(const Callable&) = delete;
    Callable& operator=(const Callable&) = delete;
    ~Callable() { reset(); }

    explicit operator bool() const noexcept { return operations_ != nullptr; }
    R operator()(Args... args) { return operations_->call(buffer_, std::forward<Args>(args)...); }
    void reset() noexcept {
        if (operations_) std::exchange(operations_, nullptr)->destroy(buffer_);
    }

    // Begins to load the memory that the callable's first word points to; harmless when that word
    // is no pointer.
    void prefetch() const noexcept {
        void* target;
        __builtin_memcpy(&target, buffer_, sizeof target);
        __builtin_prefetch(target, 1);
        __builtin_prefetch(static_cast<const char*>(target) + 64, 1);
    }

  private:
    struct Operations {
        R (*call)(void*, Args&&...);
        void (*relocate)(void* from, void* to) noexcept;
        void (*destroy)(void*) noexcept;
    };

    template <class Stored>
    static R invoke(Stored& stored, Args&&... args) {
        if constexpr (std::is_void_v<R>)
            stored(std::forward<Args>(args)...);
        else
            return stored(std::forward<Args>(args)...);
    }

    template <class Stored>
    static constexpr Operations inline_operations{
        [](void* at, Args&&... args) -> R {
            return invoke(*static_cast<Stored*>(at), std::forward<Args>(args)...);
        },
        [](void* from, void* to) noexcept {
            auto* stored = static_cast<Stored*>(from);
            ::new (to) Stored(std::move(*stored));
            stored->~Stored();
        },
        [](void* at) noexcept { static_cast<Stored*>(at)->~Stored(); }};

    template <class Stored>
    static constexpr Operations boxed_operations{
        [](void* at, Args&&... args) -> R {
            return invoke(**static_cast<Stored**>(at), std::forward<Args>(args)...);
        },
        [](void* from, void* to) noexcept { ::new (to) Stored*(*static_cast<Stored**>(from)); },
        [](void* at) noexcept { delete *static_cast<Stored**>(at); }};

    void take(Callable& other) noexcept {
        operations_ = std::exchange(other.operations_, nullptr);
        if (operations_) operations_->relocate(other.buffer_, buffer_);
    }

    const Operations* operations_ = nullptr;
    alignas(void*) unsigned char buffer_[Capacity];
};

}  // namespace airy::pool
