// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "work/split_notice.hpp"

#include <chrono>

#include "util/log.hpp"

namespace airy::work {

void SplitNotice::tell(std::size_t messages, const HandlerResult& failure) {
    const auto now = clock_.steady();
    const bool warn = now - warned_ >= std::chrono::seconds(1);
    if (warn) warned_ = now;
    util::log(warn ? util::LogLevel::warn : util::LogLevel::info,
              "a batch failed: handling its messages one by one",
              {{"messages", messages}, {"reason", failure.reason}});
}

}  // namespace airy::work
