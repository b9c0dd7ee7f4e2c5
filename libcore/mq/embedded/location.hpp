// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace airy::mq::embedded {

// How long the file keeps what was published, beside the queues: the events of this time, or the
// newest events up to this many bytes. Neither set: nothing is kept.
struct Retention {
    std::optional<std::chrono::milliseconds> age;
    std::optional<std::uint64_t> bytes;
    bool operator==(const Retention&) const = default;
};

enum class Sync : std::uint8_t {
    full,    // a confirmed message is on the disk
    normal,  // a confirmed message survives the end of the process, not that of the power
};

// A sqlite: URL, percent-decoded: `sqlite:PATH[?sync=full|normal][&retain=24h|1GB|0][&create=no]`.
struct Location {
    std::string path;
    bool create = true;  // the file, where there is none
    Sync sync = Sync::full;
    std::optional<Retention> retain;  // absent: the file's own setting stays as it is
};

// Throws Error{usage} that names the part which is wrong.
Location parse_location(std::string_view url);

}  // namespace airy::mq::embedded
