// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "mq/embedded/bell.hpp"
#include "mq/embedded/database.hpp"
#include "mq/embedded/location.hpp"
#include "util/clock.hpp"
#include "util/error.hpp"

namespace airy::mq::embedded {

// One connection to the broker's file. It makes the file if there is none, lets the processes write
// in turn, and brings committed transactions to the disk. One thread at a time, except hurry().
class Store {
  public:
    // Throws Error{unreachable} that says why the file cannot be used.
    explicit Store(const Location& location, const util::Clock& clock = util::system_clock());

    ~Store();
    Store(const Store&) = delete;
    Store& operator=(const Store&) = delete;

    Database& db() noexcept { return *db_; }
    const Location& location() const noexcept { return location_; }
    // The directory beside the file, with the beacons of the sessions and the bell.
    const std::string& directory() const noexcept { return directory_; }
    std::int64_t now() const noexcept;  // milliseconds since 1970

    // Returns once every earlier commit is on the disk. SQLite itself commits without a flush, so
    // that the lock is free during the flush and several processes share one.
    void sync();

    // Moves committed pages from the log into the file when the log has become long. A process that
    // keeps reading an old state holds some of them back; then the log grows, and nobody waits.
    void checkpoint_if_long();

    // The same at a quarter of the length, so that a process in a hurry does not meet a long log.
    void checkpoint_early();

    // The same at once; then the file has the size of its content. Returns how many bytes are held
    // back.
    std::int64_t checkpoint_all() noexcept;

    // Throws Error{unreachable} when the file was removed or replaced.
    void check_in_place() const;

    // From now on nothing waits for the lock longer than until `deadline`, nor for more than a
    // moment once the location's `interrupt_fd` is readable. Any thread.
    void hurry(util::SteadyTime deadline) noexcept;

    // While it lives, the store waits no longer than `most` for the lock.
    class Patience {
      public:
        Patience(Store& store, std::chrono::milliseconds most)
            : store_(store), usual_(std::exchange(store.patience_, most)) {}
        ~Patience() { store_.patience_ = usual_; }
        Patience(const Patience&) = delete;
        Patience& operator=(const Patience&) = delete;

      private:
        Store& store_;
        const std::chrono::milliseconds usual_;
    };

    // The broker is open: from now on waits have the usual patience, and the location's
    // `interrupt_fd` ends none until hurry() is called.
    void opened() noexcept {
        hears_interrupt_ = false;
        patience_ = usual_patience;
    }

  private:
    friend class Transaction;
    friend class Reading;
    void prepare_directory();
    void prepare_file();
    void begin(Sql statement);
    int wait_for_turn(int attempt) noexcept;
    bool interrupted() noexcept;
    Error interruption() const;
    void tell_long_wait(util::SteadyTime now) noexcept;
    int copy_log(std::chrono::milliseconds patience) noexcept;

    const Location location_;
    const util::Clock& clock_;
    std::string directory_;
    std::unique_ptr<Bell> bell_;
    std::uint32_t rung_ = 0;  // the bell's number before the lock was tried
    util::SteadyTime waiting_since_{};
    bool told_wait_ = false;
    static constexpr std::chrono::milliseconds usual_patience{60'000};
    std::chrono::milliseconds patience_{location_.patience};  // with the lock of other processes
    bool hears_interrupt_ = true;
    bool interrupted_ = false;
    std::atomic<bool> hurried_{false};
    std::atomic<util::SteadyTime::rep> deadline_{
        util::SteadyTime::max().time_since_epoch().count()};
    int log_pages_ = 0;
    int told_pages_ = 0;         // the log's length of which the user was told
    bool flush_failed_ = false;  // the log may have a hole on the disk
    std::unique_ptr<Database> db_;
};

// A read transaction: one consistent state of the file, without the lock of those that write.
// Short-lived, since it keeps the log from being emptied.
class Reading {
  public:
    explicit Reading(Store& store);
    ~Reading();
    Reading(const Reading&) = delete;
    Reading& operator=(const Reading&) = delete;

  private:
    Store& store_;
};

// A write transaction, rolled back unless it is committed. Other connections can read meanwhile.
class Transaction {
  public:
    explicit Transaction(Store& store);
    ~Transaction();
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;

    void commit();

  private:
    Store& store_;
    bool open_ = true;
};

}  // namespace airy::mq::embedded
