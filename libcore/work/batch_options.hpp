// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace airy::work {

// The form of several messages as one text.
enum class BatchFormat : std::uint8_t {
    lines,  // one JSON object a line
    array,  // one JSON array of these objects
};

// How a handler gets several messages at once.
struct BatchOptions {
    std::size_t most = 1;
    // How long the first message waits for the others.
    std::chrono::nanoseconds wait = std::chrono::seconds(1);
    BatchFormat format = BatchFormat::lines;
    // After a batch has failed, each of its messages is handled alone; else the failure is that of
    // every message.
    bool split = true;
};

// The most bytes of bodies in a batch of several messages.
inline constexpr std::size_t batch_bytes = std::size_t{64} * 1024 * 1024;

}  // namespace airy::work
