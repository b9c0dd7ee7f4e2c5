// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/embedded/health.hpp"

#include <fmt/core.h>
#include <sys/stat.h>

#include <chrono>

#include "mq/embedded/errors.hpp"
#include "mq/embedded/lock_holders.hpp"
#include "mq/embedded/store.hpp"
#include "util/text.hpp"

namespace airy::mq::embedded {
namespace {

// A process of airy keeps the lock for milliseconds.
constexpr std::chrono::seconds lock_patience{1};
// airy empties its log at half of this, unless a reader hinders it.
constexpr std::int64_t long_log = 256 << 20;

}  // namespace

std::vector<std::string> alarms_of(const Location& location) {
    Store store(location);
    const Store::Patience patience(store, lock_patience);
    try {
        const Transaction nothing(store);
        return {};
    } catch (const Locked&) {
        const auto holders = holders_of(store.db().path(), LogLock::write);
        return {fmt::format("{} keeps {} locked: nobody can publish or consume",
                            holders.empty() ? "another process" : holders,
                            util::printable(store.db().path()))};
    }
}

std::vector<std::string> concerns_of(const Location& location) {
    Store store(location);
    const auto log = store.db().path() + "-wal";
    struct stat status {};
    if (::stat(log.c_str(), &status) != 0 || status.st_size < long_log) return {};
    const auto held = store.checkpoint_all();
    if (held < long_log / 2) return {};
    const auto readers = holders_of(store.db().path(), LogLock::read);
    return {fmt::format("the log {} has {} MB: a process keeps reading an old state of the file{}",
                        util::printable(log), held >> 20,
                        readers.empty() ? "" : ", perhaps " + readers)};
}

}  // namespace airy::mq::embedded
