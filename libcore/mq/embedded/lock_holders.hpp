// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// The processes that hold SQLite's locks on a file, as the system lists them. For messages: a list
// is a moment old, and lacks the processes that this one may not see.
namespace airy::mq::embedded {

enum class LogLock : std::uint8_t { write, read };

// Other processes that hold the lock on the broker's file at `path`, e.g. "process 12 (sqlite3)",
// joined by "and"; empty: none is known. Never throws.
std::string holders_of(const std::string& path, LogLock which) noexcept;

// The processes that hold a POSIX lock on a byte from `first` to `last` of the file with this inode
// number, in this text of /proc/locks (proc(5)).
std::vector<pid_t> lock_holders(std::string_view locks, ino_t inode, std::uint64_t first,
                                std::uint64_t last);

}  // namespace airy::mq::embedded
