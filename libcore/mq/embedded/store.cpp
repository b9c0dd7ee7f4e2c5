// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/embedded/store.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "mq/embedded/errors.hpp"
#include "mq/embedded/schema.hpp"
#include "util/error.hpp"
#include "util/log.hpp"
#include "util/system_failure.hpp"
#include "util/text.hpp"

namespace airy::mq::embedded {
namespace {

// How long a process waits for the lock. Others hold it for milliseconds, unless they are stopped.
constexpr std::chrono::seconds turn_patience{60};
// How long a process waits for the bell, whose ringer may have died, until it tries the lock again.
constexpr std::chrono::milliseconds turn_step{10};

// Pages of 4 KiB. Copying pages into the file delays only the process that copies. Many pages at
// once are cheaper than few pages often.
constexpr int checkpoint_pages = 4000;
constexpr int truncate_pages = 32'000;  // worth stopping the writers for once
constexpr int leave_pages = 1000;       // the next process that opens the file reads the whole log
constexpr std::chrono::milliseconds leave_patience{50};

Error not_there(const std::string& path) {
    return Error(
        ErrorKind::unreachable,
        fmt::format("cannot open the broker in {}: {}", util::printable(path), ::strerror(ENOENT)),
        "its URL says create=no; without that the file is made");
}

Error unusable(const std::string& path, int cause) {
    const auto limit = util::limit_hint(cause);
    return Error(ErrorKind::unreachable,
                 fmt::format("cannot open the broker in {}: {}", util::printable(path),
                             ::strerror(cause)),
                 limit.empty() ? "does its directory exist, and may you write there?" : limit)
        .about(util::blamed_for(cause));
}

// Makes the file with mode 0600 if there is none. Must not open an existing file: closing it would
// drop SQLite's locks of this process (fcntl(2), "Record locks").
void make_file(const std::string& path) {
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd >= 0)
        ::close(fd);
    else if (errno != EEXIST)
        throw unusable(path, errno);
}

}  // namespace

Store::Store(const Location& location, const util::Clock& clock)
    : location_(location), clock_(clock) {
    std::error_code error;
    // Absolute, since SQLite takes some relative names for something else, such as ":memory:".
    const auto path = std::filesystem::absolute(location_.path, error).lexically_normal().string();
    if (error) throw unusable(location_.path, error.value());
    if (location_.create)
        make_file(path);
    else if (::access(path.c_str(), F_OK) != 0)
        throw errno == ENOENT ? not_there(path) : unusable(path, errno);
    db_ = std::make_unique<Database>(
        path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE);
    // By the file's real name, so that a process that opens a link shares the directory.
    directory_ = std::string(sqlite3_db_filename(db_->handle(), "main")) + "-run";
    prepare_directory();
    bell_ = std::make_unique<Bell>(directory_ + "/bell");
    sqlite3_busy_handler(
        db_->handle(),
        [](void* self, int attempt) { return static_cast<Store*>(self)->wait_for_turn(attempt); },
        this);
    prepare_file();
    sqlite3_wal_hook(
        db_->handle(),
        [](void* self, sqlite3*, const char*, int pages) {
            static_cast<Store*>(self)->log_pages_ = pages;
            return SQLITE_OK;
        },
        this);
    db_->run("PRAGMA synchronous = NORMAL");
    db_->run("PRAGMA secure_delete = OFF");
    db_->run("PRAGMA temp_store = MEMORY");
    db_->run("PRAGMA cache_size = -8192");
    util::log_info("opened the broker's file", {{"file", db_->path()}});
}

Store::~Store() {
    if (log_pages_ < leave_pages) return;
    hurry(std::chrono::steady_clock::now() + leave_patience);
    sqlite3_wal_checkpoint_v2(db_->handle(), "main", SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
    bell_->ring();
}

void Store::prepare_directory() {
    if (::mkdir(directory_.c_str(), 0700) == 0) return;
    const int cause = errno;
    struct stat status {};
    if (cause == EEXIST && ::lstat(directory_.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) {
        // A user who can write there could stop the broker, or remove the beacons of its sessions.
        if ((status.st_mode & (S_IWGRP | S_IWOTH)) == 0) return;
        throw Error(
            ErrorKind::unreachable,
            fmt::format("cannot use {}: other users may write there", util::printable(directory_)),
            "if airy made the directory, run chmod 700 on it")
            .as_permanent();
    }
    throw unusable(directory_, cause == EEXIST ? ENOTDIR : cause);
}

// The first process makes the tables; the others wait until it has.
void Store::prepare_file() {
    if (look_at_file(*db_) == FileState::ready) return;
    const auto deadline = std::chrono::steady_clock::now() + turn_patience;
    while (::flock(bell_->fd(), LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK && errno != EINTR) throw unusable(directory_ + "/bell", errno);
        if (std::chrono::steady_clock::now() > deadline)
            throw_sqlite(nullptr, SQLITE_BUSY, "cannot make the broker", db_->path());
        bell_->wait(bell_->rung(), turn_step);
    }
    if (look_at_file(*db_) == FileState::empty) create_schema(*db_);
    ::flock(bell_->fd(), LOCK_UN);
}

std::int64_t Store::now() const noexcept {
    return std::chrono::floor<std::chrono::milliseconds>(clock_.now()).time_since_epoch().count();
}

int Store::wait_for_turn(int attempt) noexcept {
    const auto now = std::chrono::steady_clock::now();
    if (attempt == 0) waiting_since_ = now;
    const util::SteadyTime hurried{util::SteadyTime::duration(deadline_.load())};
    const auto until = std::min(waiting_since_ + turn_patience, hurried);
    if (now >= until) return 0;
    bell_->wait(rung_, std::min<std::chrono::nanoseconds>(turn_step, until - now));
    rung_ = bell_->rung();
    return 1;
}

void Store::hurry(util::SteadyTime deadline) noexcept {
    deadline_.store(deadline.time_since_epoch().count());
}

void Store::sync() {
    sqlite3_file* log = nullptr;
    sqlite3_file_control(db_->handle(), "main", SQLITE_FCNTL_JOURNAL_POINTER, &log);
    if (log == nullptr || log->pMethods == nullptr) return;
    if (!flush_failed_ &&
        log->pMethods->xSync(log, SQLITE_SYNC_NORMAL | SQLITE_SYNC_DATAONLY) == SQLITE_OK)
        return;
    // The system reports a failed flush once and then takes the pages for written (fsync(2)). A
    // second flush would succeed with a hole in the log, so the checkpoint writes all pages to the
    // file.
    flush_failed_ = true;
    const int code = sqlite3_wal_checkpoint_v2(db_->handle(), "main", SQLITE_CHECKPOINT_TRUNCATE,
                                               nullptr, nullptr);
    if (code != SQLITE_OK)
        throw_sqlite(nullptr, code, "cannot bring messages to the disk", db_->path());
    flush_failed_ = false;
}

void Store::checkpoint_if_long() {
    if (log_pages_ < checkpoint_pages) return;
    const int mode =
        log_pages_ < truncate_pages ? SQLITE_CHECKPOINT_PASSIVE : SQLITE_CHECKPOINT_TRUNCATE;
    log_pages_ = 0;
    rung_ = bell_->rung();
    // When another process runs a checkpoint or the disk is full, the log stays long until the next
    // checkpoint.
    sqlite3_wal_checkpoint_v2(db_->handle(), "main", mode, nullptr, nullptr);
    if (mode != SQLITE_CHECKPOINT_PASSIVE) bell_->ring();
}

// SQLite would go on with a file that has no name any more, whose pages are lost at the end.
void Store::check_in_place() const {
    int moved = 0;
    sqlite3_file_control(db_->handle(), "main", SQLITE_FCNTL_HAS_MOVED, &moved);
    if (moved == 0) return;
    throw Error(ErrorKind::unreachable,
                fmt::format("cannot go on with the broker in {}: the file was removed or replaced "
                            "while it was in use",
                            util::printable(db_->path())),
                "end every process that uses the file before you put back a backup")
        .as_permanent();
}

Transaction::Transaction(Store& store) : store_(store) {
    store_.rung_ = store_.bell_->rung();
    store_.db().run("BEGIN IMMEDIATE");
    try {
        store_.check_in_place();
    } catch (const Error&) {
        store_.db().run("ROLLBACK");
        throw;
    }
}

void Transaction::commit() {
    store_.db().run("COMMIT");
    open_ = false;
    store_.bell_->ring();
}

Transaction::~Transaction() {
    if (!open_) return;
    // After some failures SQLite has rolled back by itself.
    if (sqlite3_get_autocommit(store_.db().handle()) == 0)
        sqlite3_exec(store_.db().handle(), "ROLLBACK", nullptr, nullptr, nullptr);
    store_.bell_->ring();
}

}  // namespace airy::mq::embedded
