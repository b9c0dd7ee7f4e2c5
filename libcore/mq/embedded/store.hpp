// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "mq/embedded/bell.hpp"
#include "mq/embedded/database.hpp"
#include "mq/embedded/location.hpp"
#include "util/clock.hpp"

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

    // Moves committed pages from the log into the file when the log has become long.
    void checkpoint_if_long();

    // Throws Error{unreachable} when the file was removed or replaced.
    void check_in_place() const;

    // From now on nothing waits for the lock longer than until `deadline`. Any thread.
    void hurry(util::SteadyTime deadline) noexcept;

  private:
    friend class Transaction;
    void prepare_directory();
    void prepare_file();
    int wait_for_turn(int attempt) noexcept;

    const Location location_;
    const util::Clock& clock_;
    std::string directory_;
    std::unique_ptr<Bell> bell_;
    std::uint32_t rung_ = 0;  // the bell's number before the lock was tried
    util::SteadyTime waiting_since_{};
    std::atomic<util::SteadyTime::rep> deadline_{
        util::SteadyTime::max().time_since_epoch().count()};
    int log_pages_ = 0;
    bool flush_failed_ = false;  // the log may have a hole on the disk
    std::unique_ptr<Database> db_;
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
