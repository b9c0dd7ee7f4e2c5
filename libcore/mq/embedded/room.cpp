// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/embedded/room.hpp"

#include <algorithm>
#include <thread>

#include "mq/embedded/errors.hpp"
#include "util/log.hpp"

namespace airy::mq::embedded {
namespace {

using std::chrono::steady_clock;

// Pages of 4 KiB.
constexpr std::int64_t little = 256;
constexpr std::int64_t usual = 6400;
constexpr std::int64_t worth_telling = 16'384;
constexpr std::int64_t pages_per_megabyte = 256;

constexpr std::chrono::milliseconds step{5};
constexpr std::chrono::milliseconds least_pause{1};

std::int64_t free_pages(Database& database) {
    return database.value("PRAGMA freelist_count").value_or(0);
}

bool can_shrink(Database& database) {
    constexpr std::int64_t incremental = 2;
    return database.value("PRAGMA auto_vacuum") == incremental;
}

std::int64_t kept_pages(Database& database, Keep keep) {
    if (keep == Keep::little) return little;
    return std::max(usual, database.value("PRAGMA page_count").value_or(0) / 4);
}

}  // namespace

bool give_back_part(Store& store, Keep keep) {
    auto& db = store.db();
    if (!can_shrink(db) || free_pages(db) <= kept_pages(db, keep)) return false;
    Transaction transaction(store);
    const auto end = steady_clock::now() + step;
    while (free_pages(db) > kept_pages(db, keep) && steady_clock::now() < end)
        db.run("PRAGMA incremental_vacuum(32)");
    transaction.commit();
    store.checkpoint_early();
    return true;
}

void give_back_all(Store& store) {
    try {
        auto begin = steady_clock::now();
        while (give_back_part(store, Keep::little)) {
            let_others_write(begin);
            begin = steady_clock::now();
        }
    } catch (const Locked&) {  // the next process that gives back room goes on
    } catch (const DiskFull&) {
    }
    store.checkpoint_all();
    auto& db = store.db();
    if (can_shrink(db) || free_pages(db) < worth_telling) return;
    util::log_warn(
        "the file keeps room for new messages, since an earlier airy made it; once no process uses "
        "the file, sqlite3 FILE 'PRAGMA auto_vacuum=2; VACUUM' gives the room back",
        {{"file", db.path()}, {"megabytes", std::to_string(free_pages(db) / pages_per_megabyte)}});
}

void let_others_write(util::SteadyTime begin) {
    const auto took = steady_clock::now() - begin;
    std::this_thread::sleep_for(std::max<steady_clock::duration>(took, least_pause));
}

}  // namespace airy::mq::embedded
