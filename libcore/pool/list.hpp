// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

namespace airy::pool {

template <class T>
struct Links {
    T* prev = nullptr;
    T* next = nullptr;
};

// A doubly linked list through a member of its elements; owns nothing. An element is in at most one
// list by the same member.
template <class T, Links<T> T::*member>
class List {
  public:
    bool empty() const noexcept { return head_ == nullptr; }
    std::size_t size() const noexcept { return size_; }
    T* front() const noexcept { return head_; }
    T* back() const noexcept { return tail_; }
    // Of each element there is now; f may take the element out of the list, but no other.
    template <class F>
    void for_each(F f) {
        for (T *element = head_, *last = tail_; element;) {
            T* next = element == last ? nullptr : (element->*member).next;
            f(element);
            element = next;
        }
    }

    void push_back(T* element) noexcept {
        (element->*member) = {tail_, nullptr};
        (tail_ ? (tail_->*member).next : head_) = element;
        tail_ = element;
        ++size_;
    }
    void erase(T* element) noexcept {
        auto& [prev, next] = element->*member;
        (prev ? (prev->*member).next : head_) = next;
        (next ? (next->*member).prev : tail_) = prev;
        prev = next = nullptr;
        --size_;
    }
    T* pop_front() noexcept {
        T* element = head_;
        if (element) erase(element);
        return element;
    }
    T* pop_back() noexcept {
        T* element = tail_;
        if (element) erase(element);
        return element;
    }

  private:
    T* head_ = nullptr;
    T* tail_ = nullptr;
    std::size_t size_ = 0;
};

}  // namespace airy::pool
