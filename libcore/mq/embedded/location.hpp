// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace airy::mq::embedded {

// How long the file keeps published messages, beside the queues: those of this age, or the newest
// up to this many bytes. With neither set the file keeps none.
struct Retention {
    std::optional<std::chrono::milliseconds> age;
    std::optional<std::uint64_t> bytes;
    bool operator==(const Retention&) const = default;
};

enum class Sync : std::uint8_t {
    full,    // a confirmed message is on the disk
    normal,  // a confirmed message survives the end of the process, but not a loss of power
};

// A sqlite: URL, percent-decoded: `sqlite:PATH[?sync=full|normal][&retain=24h|1GB|0][&create=no]`.
struct Location {
    std::string path;
    bool create = true;  // make the file if it does not exist
    Sync sync = Sync::full;
    std::optional<Retention> retain;  // nullopt: the file's own setting stays as it is
    // Waits for the file end with Error{unreachable} once this is readable; -1: none. Borrowed.
    int interrupt_fd = -1;
    // With the lock of other processes, until the broker is open.
    std::chrono::milliseconds patience{60'000};
};

// The URL, safe to show: `sqlite://USER:PASSWORD@HOST` names no file, and is refused.
std::string masked_location(std::string_view url);

// Throws Error{usage} that names the wrong part.
Location parse_location(std::string_view url);

}  // namespace airy::mq::embedded
