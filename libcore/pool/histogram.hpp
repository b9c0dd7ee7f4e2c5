// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <chrono>
#include <cstdint>
#include <vector>

namespace airy::pool {

// Buckets of durations in nanoseconds: one for each value below 32 ns, then 32 for each octave, so
// that the width of a bucket is at most 1/32 of its lower end. The last bucket takes all values
// from 2^47 ns (39 hours) on.
namespace buckets {
inline constexpr int per_octave_bits = 5;
inline constexpr std::uint64_t per_octave = 1u << per_octave_bits;
inline constexpr int octaves = 42;
inline constexpr std::size_t count = (octaves + 1) * per_octave;

constexpr std::size_t index(std::uint64_t value) noexcept {
    if (value < per_octave) return value;
    const int shift = std::bit_width(value) - 1 - per_octave_bits;
    const std::size_t at =
        (static_cast<std::size_t>(shift) + 1) * per_octave + ((value >> shift) & (per_octave - 1));
    return at < count ? at : count - 1;
}
std::uint64_t lower(std::size_t index) noexcept;
std::uint64_t upper(std::size_t index) noexcept;  // the first value above the bucket
}  // namespace buckets

// A distribution of durations with bounded relative error: a quantile is within 1/64 (1.6 %) of a
// recorded value; count, sum and max are exact. A value; not thread-safe.
class Histogram {
  public:
    static constexpr double relative_error = 1.0 / 64;

    void record(std::chrono::nanoseconds value);  // negative counts as 0
    void merge(const Histogram& other);

    // The share q of the recorded values, 0 <= q <= 1, lies at or below this value. The quantile of
    // 1 is max(); that of an empty histogram is 0.
    std::chrono::nanoseconds quantile(double q) const noexcept;
    std::chrono::nanoseconds max() const noexcept { return std::chrono::nanoseconds(max_); }
    std::chrono::nanoseconds sum() const noexcept { return std::chrono::nanoseconds(sum_); }
    std::chrono::nanoseconds mean() const noexcept;
    std::uint64_t count() const noexcept { return count_; }
    // The number of recorded values at or below the bound, within the relative error.
    std::uint64_t count_up_to(std::chrono::nanoseconds bound) const noexcept;

  private:
    friend class Recorder;
    std::vector<std::uint64_t> counts_;  // empty until the first value
    std::uint64_t count_ = 0;
    std::int64_t sum_ = 0;
    std::int64_t max_ = 0;
};

// A histogram that one thread writes while others read. The caller's lock lets one writer in at a
// time; readers need no lock. A snapshot may miss the value that is recorded at the same moment.
class Recorder {
  public:
    void record(std::chrono::nanoseconds value) noexcept;
    Histogram snapshot() const;

  private:
    static void add(std::atomic<std::uint64_t>& to, std::uint64_t n) noexcept {
        to.store(to.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
    }
    std::array<std::atomic<std::uint64_t>, buckets::count> counts_{};
    std::atomic<std::uint64_t> sum_{0};
    std::atomic<std::uint64_t> max_{0};
};

}  // namespace airy::pool
