// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

#include "util/clock.hpp"
#include "work/handler.hpp"

namespace airy::work {

// Tells the log that a batch failed and its messages are handled alone. At most one warning a
// second, further ones as information: where nothing works, every batch fails. One thread.
class SplitNotice {
  public:
    explicit SplitNotice(const util::Clock& clock) : clock_(clock) {}

    void tell(std::size_t messages, const HandlerResult& failure);

  private:
    const util::Clock& clock_;
    util::SteadyTime warned_{};  // when the last warning was written
};

}  // namespace airy::work
