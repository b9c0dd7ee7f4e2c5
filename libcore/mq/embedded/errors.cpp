// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/embedded/errors.hpp"

#include <fmt/core.h>
#include <string.h>

#include <cerrno>
#include <utility>

#include "mq/embedded/lock_holders.hpp"
#include "util/system_failure.hpp"
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
    std::string hint;
};

Meaning meaning_of(sqlite3* db, int code, int system) {
    const auto cause = system != 0 ? std::string(::strerror(system)) : std::string();
    if (locks_fail(code))
        return {Reason::unreachable, "locks or shared memory do not work on its file system",
                "put the file on a local disk; many network file systems lack them"};
    switch (code & 0xff) {
        case SQLITE_CANTOPEN: {
            const auto limit = util::limit_hint(system);
            return {Reason::unreachable, cause.empty() ? "the file cannot be opened" : cause,
                    limit.empty() ? "does its directory exist, and may you write there?" : limit};
        }
        case SQLITE_READONLY:
        case SQLITE_PERM:
            return {Reason::unreachable, "the file cannot be written",
                    "the file and its directory must be writable, also for a consumer"};
        case SQLITE_NOTADB:
            return {Reason::file_of_another_program, "the file is no database that airy made",
                    "give another path; airy makes the file"};
        case SQLITE_CORRUPT:
            return {Reason::file_damaged, "the file is damaged",
                    "move it away with its -wal and -shm; sqlite3 FILE .recover may save some "
                    "messages"};
        case SQLITE_IOERR:
            return {Reason::unreachable,
                    cause.empty() ? std::string("the disk failed") : "the disk failed: " + cause,
                    util::limit_hint(system)};
        default:
            return {Reason::general, db ? sqlite3_errmsg(db) : sqlite3_errstr(code), ""};
    }
}

}  // namespace

void throw_sqlite(sqlite3* db, int code, std::string_view failure, const std::string& path) {
    // SQLite forgets the system's error when a commit fails; then errno still holds it.
    const int last = errno;
    const int kept = db ? sqlite3_system_errno(db) : 0;
    const int system = kept != 0 ? kept : last;
    const auto told = [&](std::string_view why) {
        return fmt::format("{} in {}: {}", failure, util::printable(path), why);
    };
    if (system == EFBIG && no_room(code, system))
        throw DiskFull(Reason::disk_full, told("it may grow no further"),
                       fmt::format("{}; no confirmed message is lost", util::limit_hint(EFBIG)));
    if (no_room(code, system))
        throw DiskFull(Reason::disk_full, told("the disk is full"),
                       "make room on the disk; no confirmed message is lost");
    if ((code & 0xff) == SQLITE_BUSY || (code & 0xff) == SQLITE_LOCKED) {
        const auto holders = holders_of(path, LogLock::write);
        throw Locked(Reason::unreachable,
                     told((holders.empty() ? "another process" : holders) +
                          " keeps the file locked for too long"),
                     "is an airy process stopped (Ctrl-Z), or does a backup of the file run?");
    }
    const auto meaning = meaning_of(db, code, system);
    auto error =
        Error(meaning.reason, told(meaning.text), meaning.hint).about(util::blamed_for(system));
    // Waiting does not mend such a file.
    if ((code & 0xff) == SQLITE_NOTADB || (code & 0xff) == SQLITE_CORRUPT)
        throw std::move(error).as_permanent();
    throw error;
}

}  // namespace airy::mq::embedded
