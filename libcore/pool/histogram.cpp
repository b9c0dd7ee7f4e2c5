// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "pool/histogram.hpp"

#include <algorithm>
#include <cmath>

namespace airy::pool {

std::uint64_t buckets::lower(std::size_t index) noexcept {
    if (index < per_octave) return index;
    const auto shift = index / per_octave - 1;
    return (per_octave + index % per_octave) << shift;
}

std::uint64_t buckets::upper(std::size_t index) noexcept {
    return lower(index + 1);
}

void Histogram::record(std::chrono::nanoseconds value) {
    if (counts_.empty()) counts_.resize(buckets::count);
    const std::int64_t ns = std::max<std::int64_t>(value.count(), 0);
    ++counts_[buckets::index(static_cast<std::uint64_t>(ns))];
    ++count_;
    sum_ += ns;
    max_ = std::max(max_, ns);
}

void Histogram::merge(const Histogram& other) {
    if (other.count_ == 0) return;
    if (counts_.empty()) counts_.resize(buckets::count);
    for (std::size_t i = 0; i < buckets::count; ++i)
        counts_[i] += other.counts_[i];
    count_ += other.count_;
    sum_ += other.sum_;
    max_ = std::max(max_, other.max_);
}

std::chrono::nanoseconds Histogram::quantile(double q) const noexcept {
    if (count_ == 0) return {};
    const double wanted = std::ceil(std::clamp(q, 0.0, 1.0) * static_cast<double>(count_));
    const auto rank = std::clamp<std::uint64_t>(static_cast<std::uint64_t>(wanted), 1, count_);
    if (rank == count_) return max();
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < buckets::count; ++i) {
        seen += counts_[i];
        if (seen < rank) continue;
        const auto low = buckets::lower(i);
        const auto middle = static_cast<std::int64_t>(low + (buckets::upper(i) - 1 - low) / 2);
        return std::chrono::nanoseconds(std::min(middle, max_));
    }
    return max();
}

std::chrono::nanoseconds Histogram::mean() const noexcept {
    return count_ == 0 ? std::chrono::nanoseconds{}
                       : std::chrono::nanoseconds(sum_ / static_cast<std::int64_t>(count_));
}

std::uint64_t Histogram::count_up_to(std::chrono::nanoseconds bound) const noexcept {
    if (counts_.empty() || bound.count() < 0) return 0;
    if (bound.count() >= max_) return count_;
    const auto last = buckets::index(static_cast<std::uint64_t>(bound.count()));
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i <= last; ++i)
        seen += counts_[i];
    return seen;
}

void Recorder::record(std::chrono::nanoseconds value) noexcept {
    const auto ns = static_cast<std::uint64_t>(std::max<std::int64_t>(value.count(), 0));
    add(counts_[buckets::index(ns)], 1);
    add(sum_, ns);
    if (ns > max_.load(std::memory_order_relaxed)) max_.store(ns, std::memory_order_relaxed);
}

Histogram Recorder::snapshot() const {
    Histogram result;
    result.counts_.resize(buckets::count);
    for (std::size_t i = 0; i < buckets::count; ++i) {
        result.counts_[i] = counts_[i].load(std::memory_order_relaxed);
        result.count_ += result.counts_[i];
    }
    result.sum_ = static_cast<std::int64_t>(sum_.load(std::memory_order_relaxed));
    result.max_ = static_cast<std::int64_t>(max_.load(std::memory_order_relaxed));
    return result;
}

}  // namespace airy::pool
