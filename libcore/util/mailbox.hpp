// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <iterator>
#include <mutex>
#include <utility>
#include <vector>

#include "util/fd.hpp"

namespace airy::util {

// Hands values from any thread to one that polls `fd()`, which is readable exactly while there are
// values. Unbounded: other means must bound the senders.
template <typename T>
class Mailbox {
  public:
    int fd() const noexcept { return wakeup_.fd(); }

    void put(T value) {
        const std::lock_guard lock(mutex_);
        if (values_.empty()) wakeup_.signal();
        values_.push_back(std::move(value));
    }

    // Leaves `values` empty.
    void put_all(std::vector<T>& values) {
        if (values.empty()) return;
        const std::lock_guard lock(mutex_);
        if (values_.empty()) {
            wakeup_.signal();
            values_.swap(values);
        } else {
            values_.insert(values_.end(), std::make_move_iterator(values.begin()),
                           std::make_move_iterator(values.end()));
        }
        values.clear();
    }

    std::vector<T> take() {
        std::vector<T> out;
        const std::lock_guard lock(mutex_);
        if (values_.empty()) return out;
        wakeup_.clear();
        out.swap(values_);
        return out;
    }

    bool empty() const {
        const std::lock_guard lock(mutex_);
        return values_.empty();
    }

  private:
    mutable std::mutex mutex_;
    std::vector<T> values_;
    Wakeup wakeup_;
};

}  // namespace airy::util
