// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/embedded/errors.hpp"

#include <fmt/core.h>
#include <string.h>

#include <cerrno>
#include <utility>

#include "util/text.hpp"

namespace airy::mq::embedded {
namespace {

bool no_room(int code, int system) noexcept {
    if ((code & 0xff) == SQLITE_FULL) return true;
    return (code & 0xff) == SQLITE_IOERR &&
           (system == ENOSPC || system == EDQUOT || system == EFBIG);
}

bool locks_fail(int code) noexcept {
    switch (code) {
        case SQLITE_IOERR_LOCK:
        case SQLITE_IOERR_RDLOCK:
        case SQLITE_IOERR_UNLOCK:
        case SQLITE_IOERR_CHECKRESERVEDLOCK:
        case SQLITE_IOERR_SHMOPEN:
        case SQLITE_IOERR_SHMLOCK:
        case SQLITE_IOERR_SHMMAP:
        case SQLITE_IOERR_SHMSIZE:
        case SQLITE_PROTOCOL:
            return true;
        default:
            return false;
    }
}

struct Meaning {
    Reason reason = Reason::general;
    std::string text;
    std::string_view hint;
};

Meaning meaning_of(sqlite3* db, int code, int system) {
    const auto cause = system != 0 ? std::string(::strerror(system)) : std::string();
    if (locks_fail(code))
        return {Reason::unreachable, "locks or shared memory do not work on its file system",
                "put the file on a local disk; network file systems often cannot"};
    switch (code & 0xff) {
        case SQLITE_CANTOPEN:
            return {Reason::unreachable, cause.empty() ? "the file cannot be opened" : cause,
                    "does its directory exist, and may you write there?"};
        case SQLITE_READONLY:
        case SQLITE_PERM:
            return {Reason::unreachable, "the file cannot be written",
                    "the file and its directory must be writable, also for a consumer"};
        case SQLITE_NOTADB:
            return {Reason::file_of_another_program, "the file is no database of airy's",
                    "give another path"};
        case SQLITE_CORRUPT:
            return {Reason::file_damaged, "the file is damaged",
                    "move it away with its -wal and -shm; sqlite3 FILE .recover may save some"};
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
            return {Reason::unreachable, "another process has held the file for too long",
                    "is an airy stopped (Ctrl-Z), or a backup of the file going on?"};
        case SQLITE_IOERR:
            return {Reason::unreachable,
                    cause.empty() ? std::string("the disk failed") : "the disk failed: " + cause,
                    ""};
        default:
            return {Reason::general, db ? sqlite3_errmsg(db) : sqlite3_errstr(code), ""};
    }
}

}  // namespace

void throw_sqlite(sqlite3* db, int code, std::string_view what, const std::string& path) {
    // SQLite forgets the cause where a commit fails; then it is still what the system said last.
    const int last = errno;
    const int kept = db ? sqlite3_system_errno(db) : 0;
    const int system = kept != 0 ? kept : last;
    const auto told = [&](std::string_view why) {
        return fmt::format("{} in {}: {}", what, util::printable(path), why);
    };
    if (no_room(code, system))
        throw DiskFull(Reason::disk_full, told("the disk is full"),
                       "make room; nothing that was confirmed is lost");
    const auto meaning = meaning_of(db, code, system);
    Error error(meaning.reason, told(meaning.text), std::string(meaning.hint));
    // Such a file does not get better by waiting.
    if ((code & 0xff) == SQLITE_NOTADB || (code & 0xff) == SQLITE_CORRUPT)
        throw std::move(error).as_permanent();
    throw error;
}

}  // namespace airy::mq::embedded
