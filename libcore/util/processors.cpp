// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "util/processors.hpp"

#include <sched.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <thread>

#include "util/control_groups.hpp"

namespace airy::util {
namespace {

// `max 100000` and `50000 100000` of version 2, in microseconds.
std::optional<double> quota_of_version_2(const std::string& folder) {
    std::ifstream file(folder + "/cpu.max");
    double quota = 0;
    double period = 0;
    if (!(file >> quota >> period) || quota <= 0 || period <= 0) return std::nullopt;
    return quota / period;
}

// -1 is no quota.
std::optional<double> quota_of_version_1(const std::string& folder) {
    std::ifstream quota_file(folder + "/cpu.cfs_quota_us");
    std::ifstream period_file(folder + "/cpu.cfs_period_us");
    double quota = 0;
    double period = 0;
    if (!(quota_file >> quota) || !(period_file >> period) || quota <= 0 || period <= 0)
        return std::nullopt;
    return quota / period;
}

}  // namespace

std::optional<double> cpu_quota(const std::string& root) {
    std::optional<double> least;
    for (const auto& group : control_groups("cpu", root)) {
        const auto quota = group.second_version ? quota_of_version_2(group.folder)
                                                : quota_of_version_1(group.folder);
        if (quota) least = std::min(*quota, least.value_or(*quota));
    }
    return least;
}

std::size_t usable_processors() {
    std::size_t count = std::max(1U, std::thread::hardware_concurrency());
    cpu_set_t allowed;
    // Fails on a machine of more than 1024 processors; the affinity of one is seldom narrow.
    if (::sched_getaffinity(0, sizeof allowed, &allowed) == 0)
        count = std::min(count, static_cast<std::size_t>(CPU_COUNT(&allowed)));
    if (const auto quota = cpu_quota())
        count = std::min(count, static_cast<std::size_t>(std::ceil(*quota)));
    return std::max<std::size_t>(1, count);
}

}  // namespace airy::util
