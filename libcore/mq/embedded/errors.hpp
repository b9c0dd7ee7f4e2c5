// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <sqlite3.h>

#include <string>
#include <string_view>

#include "util/error.hpp"

// What SQLite reports, as airy::Error.
namespace airy::mq::embedded {

// There was no room to write. Nothing of the transaction is stored; it may be tried again.
class DiskFull final : public Error {
    using Error::Error;
};

// Throws DiskFull, or Error{unreachable} for a file that cannot be used, or Error{general}. `what`
// says what was tried; `db` may be null, then `code` alone tells.
[[noreturn]] void throw_sqlite(sqlite3* db, int code, std::string_view what,
                               const std::string& path);

}  // namespace airy::mq::embedded
