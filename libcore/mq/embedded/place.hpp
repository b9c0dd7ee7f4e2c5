// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "mq/embedded/location.hpp"
#include "util/error.hpp"

// The place of the broker's file. SQLite finds the log by the file's name. A process that reaches
// the same file without the same log beside it loses the messages of the others, so such places are
// refused.
namespace airy::mq::embedded {

// The one absolute path of the file, without symbolic links. Makes the file, mode 0600, if it does
// not exist and `location` says so. Throws Error{unreachable} that says why there is no file to
// use.
std::string find_place(const Location& location);

// The error of a file or directory of the broker that a system call failed on, with this errno.
Error unusable_place(const std::string& path, int cause);

// Throws Error{unreachable} when the file at this path, or one of SQLite's beside it, is a mount of
// its own or has several names, or when other hosts may write to its file system.
void check_place(const std::string& path);

// Whether `path` is a mount point in this text of /proc/PID/mountinfo (proc(5)).
bool is_mount_point(std::string_view mountinfo, std::string_view path);

// The name of a file system that several hosts can share, by statfs(2)'s f_type; empty: any other.
std::string_view shared_file_system(long type) noexcept;

}  // namespace airy::mq::embedded
