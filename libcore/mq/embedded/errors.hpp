// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <sqlite3.h>

#include <string>
#include <string_view>

#include "util/error.hpp"

// SQLite's errors as airy::Error.
namespace airy::mq::embedded {

// The disk is full. SQLite has stored nothing of the transaction; the caller may try it again.
class DiskFull final : public Error {
    using Error::Error;
};

// Another process kept the file locked for longer than this one was to wait.
class Locked final : public Error {
    using Error::Error;
};

// Throws DiskFull, Locked, Error{unreachable} for a file that cannot be used, or Error{general}.
// `failure` begins the message, e.g. "cannot open the broker". Without `db` only `code` tells the
// cause.
[[noreturn]] void throw_sqlite(sqlite3* db, int code, std::string_view failure,
                               const std::string& path);

}  // namespace airy::mq::embedded
