// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/embedded/store.hpp"

#include <fmt/core.h>
#include <poll.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "mq/embedded/errors.hpp"
#include "mq/embedded/lock_holders.hpp"
#include "mq/embedded/place.hpp"
#include "mq/embedded/schema.hpp"
#include "util/error.hpp"
#include "util/log.hpp"
#include "util/text.hpp"

namespace airy::mq::embedded {
namespace {

using std::chrono::milliseconds;

// Other processes hold the lock for milliseconds, unless they are stopped.
constexpr std::chrono::seconds long_wait{2};
// How long a process waits for the bell, whose ringer may have died, until it tries the lock again.
constexpr milliseconds turn_step{10};

// Pages of 4 KiB. Copying pages into the file delays only the process that copies. Many pages at
// once are cheaper than few pages often.
constexpr int checkpoint_pages = 4000;
constexpr int page_size = 4096;
constexpr int pages_of_megabyte = 256;
constexpr int truncate_pages = 32'000;  // worth stopping the writers for once
constexpr int leave_pages = 1000;       // the next process that opens the file reads the whole log
constexpr int long_log_pages = 64'000;  // worth telling the user
// Emptying the log stops the writers for as long as another process still reads from it.
constexpr milliseconds empty_patience{20};
constexpr milliseconds leave_patience{50};
constexpr int most_tries = 5;
// What is stored within it is worth more than the haste of a second signal.
constexpr milliseconds last_moment{250};

bool is_readable(int fd) noexcept {
    pollfd waiting{fd, POLLIN, 0};
    return fd >= 0 && ::poll(&waiting, 1, 0) == 1;
}

}  // namespace

Store::Store(const Location& location, const util::Clock& clock)
    : location_(location), clock_(clock) {
    const auto path = find_place(location_);
    check_place(path);
    db_ = std::make_unique<Database>(
        path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE);
    directory_ = path + "-run";
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
    copy_log(leave_patience);
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
    throw unusable_place(directory_, cause == EEXIST ? ENOTDIR : cause);
}

// The first process makes the tables; the others wait until it has.
void Store::prepare_file() {
    const auto state = look_at_file(*db_);
    if (state == FileState::older) add_columns(*db_);
    if (state != FileState::empty) return;
    const auto deadline = std::chrono::steady_clock::now() + patience_;
    while (::flock(bell_->fd(), LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            throw unusable_place(directory_ + "/bell", errno);
        if (interrupted()) throw interruption();
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
    if (hurried_.load() && is_readable(location_.interrupt_fd)) {
        hurried_.store(false);
        deadline_.store(std::min(deadline_.load(), (now + last_moment).time_since_epoch().count()));
    }
    const util::SteadyTime hurried{util::SteadyTime::duration(deadline_.load())};
    const auto until = std::min(waiting_since_ + patience_, hurried);
    if (now >= until || interrupted()) return 0;
    tell_long_wait(now);
    bell_->wait(rung_, std::min<std::chrono::nanoseconds>(turn_step, until - now));
    rung_ = bell_->rung();
    return 1;
}

bool Store::interrupted() noexcept {
    if (hears_interrupt_ && is_readable(location_.interrupt_fd)) interrupted_ = true;
    return interrupted_;
}

Error Store::interruption() const {
    return Error(Reason::interrupted,
                 fmt::format("stopped while waiting for {}", util::printable(db_->path())));
}

void Store::tell_long_wait(util::SteadyTime now) noexcept {
    if (told_wait_ || now - waiting_since_ < long_wait) return;
    told_wait_ = true;
    const auto holders = holders_of(db_->path(), LogLock::write);
    util::log_warn("waiting to write: another process keeps the broker's file locked",
                   {{"file", db_->path()}, {"holder", holders.empty() ? "not known" : holders}});
}

void Store::hurry(util::SteadyTime deadline) noexcept {
    deadline_.store(deadline.time_since_epoch().count());
    hurried_.store(true);
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
    const auto held = copy_log(log_pages_ < truncate_pages ? milliseconds(0) : empty_patience);
    log_pages_ = 0;
    if (held < std::max(long_log_pages, 2 * told_pages_)) return;
    told_pages_ = held;
    const auto readers = holders_of(db_->path(), LogLock::read);
    util::log_warn(
        "the broker's log grows, since a process keeps reading an old state of the file; nothing "
        "stops, and the log is emptied when that process ends its transaction",
        {{"file", db_->path() + "-wal"},
         {"megabytes", std::to_string(held / pages_of_megabyte)},
         {"reads now", readers.empty() ? "not known" : readers}});
}

void Store::checkpoint_early() {
    if (log_pages_ < checkpoint_pages / 4) return;
    if (log_pages_ >= checkpoint_pages) return checkpoint_if_long();
    log_pages_ = 0;
    copy_log(milliseconds(0));
}

std::int64_t Store::checkpoint_all() noexcept {
    log_pages_ = 0;
    // What others write meanwhile is left, and keeps SQLite from cutting the file.
    int held = 0;
    for (int i = 0; i < most_tries; ++i)
        if ((held = copy_log(milliseconds(0))) == 0) break;
    return std::int64_t{page_size} * held;
}

// Copies the log into the file, without stopping the writers. When only little is left and there is
// patience, stops them to copy the rest and to empty the log. When another process does the same,
// or the disk is full, the log stays long until the next time. Returns how many pages are held
// back.
int Store::copy_log(milliseconds patience) noexcept {
    int pages = 0;
    int copied = 0;
    rung_ = bell_->rung();
    const int code = sqlite3_wal_checkpoint_v2(db_->handle(), "main", SQLITE_CHECKPOINT_PASSIVE,
                                               &pages, &copied);
    if (code != SQLITE_OK) return 0;
    const int held = pages - copied;
    if (held < long_log_pages) told_pages_ = 0;
    if (patience.count() == 0 || held > checkpoint_pages) return held;
    const Patience brief(*this, patience);
    sqlite3_wal_checkpoint_v2(db_->handle(), "main", SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
    bell_->ring();
    return held;
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

void Store::begin(Sql statement) {
    rung_ = bell_->rung();
    told_wait_ = false;
    try {
        db().run(statement);
    } catch (const Error&) {
        if (interrupted_) throw interruption();
        throw;
    }
    try {
        check_in_place();
    } catch (const Error&) {
        db().run("ROLLBACK");
        throw;
    }
}

Reading::Reading(Store& store) : store_(store) {
    store_.begin("BEGIN");
}

Reading::~Reading() {
    sqlite3_exec(store_.db().handle(), "ROLLBACK", nullptr, nullptr, nullptr);
}

Transaction::Transaction(Store& store) : store_(store) {
    store_.begin("BEGIN IMMEDIATE");
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
