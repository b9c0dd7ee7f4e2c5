// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "util/backoff.hpp"

namespace airy::work {

// Decides when a worker whose process has ended is started again, and when that is hopeless. Pure.
class Comebacks {
  public:
    // Starts in a row without use, after which there is no further one.
    static constexpr unsigned most_useless = 5;
    // Without any message to take, a process that lives this long was of use.
    static constexpr std::chrono::seconds long_life{10};

    // What a process did from its start to its end.
    struct Life {
        bool up = false;  // it could take messages
        std::uint64_t given = 0;
        std::uint64_t answered = 0;
        std::uint64_t taken = 0;  // bytes of its stdin
        std::chrono::nanoseconds lasted{};
        bool replaced = false;  // it ended since another takes its place
    };

    // The pause before the next start; nullopt: it would not come up either.
    std::optional<std::chrono::milliseconds> after(const Life& life) noexcept {
        const bool idle = life.up && life.given == 0 && (life.replaced || life.lasted >= long_life);
        const bool useful = life.answered > 0 || life.taken > 0 || idle;
        useless_ = useful ? 0 : useless_ + 1;
        unanswered_ = life.answered > 0 || idle ? 0 : unanswered_ + 1;
        if (useless_ >= most_useless) return std::nullopt;
        return pauses.delay(unanswered_ > 0 ? unanswered_ - 1 : 0);
    }

  private:
    static constexpr util::Backoff pauses{std::chrono::milliseconds(200),
                                          std::chrono::milliseconds(10'000)};
    unsigned useless_ = 0;     // in a row
    unsigned unanswered_ = 0;  // in a row
};

}  // namespace airy::work
