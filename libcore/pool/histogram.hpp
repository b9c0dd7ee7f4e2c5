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

// Buckets of durations in nanoseconds: exact below 32 ns, then 32 to the octave, so that a bucket
// is at most 1/32 wider than its lower end. The last one takes all from 2^47 ns (39 hours) on.
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
std::uint64_t upper(std::size_t index) noexcept;  // the first value that is no longer in it
}  // namespace buckets

// A distribution of durations with bounded relative error: a quantile is within 1/64 (1.6 %) of a
// recorded value; count, sum and max are exact. A value; not thread-safe.
class Histogram {
  public:
    static constexpr double relative_error = 1.0 / 64;

    void record(std::chrono::nanoseconds value);  // negative counts as 0
    void merge(const Histogram& other);

    // The value at or below which the share q of all lies, 0 <= q <= 1; 0 when empty. q = 1 is max.
    std::chrono::nanoseconds quantile(double q) const noexcept;
    std::chrono::nanoseconds max() const noexcept { return std::chrono::nanoseconds(max_); }
    std::chrono::nanoseconds sum() const noexcept { return std::chrono::nanoseconds(sum_); }
    std::chrono::nanoseconds mean() const noexcept;
    std::uint64_t count() const noexcept { return count_; }
    // How many recorded values lie at or below the bound, within the relative error.
    std::uint64_t count_up_to(std::chrono::nanoseconds bound) const noexcept;

  private:
    friend class Recorder;
    std::vector<std::uint64_t> counts_;  // empty until the first value
    std::uint64_t count_ = 0;
    std::int64_t sum_ = 0;
    std::int64_t max_ = 0;
};

// The writing side of a Histogram: one writer at a time (the caller's lock says who), any number of
// readers meanwhile without a lock. A snapshot may miss what is being recorded just then.
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
