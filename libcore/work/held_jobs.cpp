// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "work/held_jobs.hpp"

namespace airy::work {

WorkerJob* HeldJobs::answer(std::uint64_t id, util::SteadyTime now) {
    const auto at = jobs_.find(id);
    if (at == jobs_.end()) return nullptr;
    if (at == jobs_.begin()) turn_since_ = now;
    auto* const job = at->second.job;
    jobs_.erase(at);
    return job;
}

std::vector<WorkerJob*> HeldJobs::all() const {
    std::vector<WorkerJob*> all;
    all.reserve(jobs_.size());
    for (const auto& [id, held] : jobs_)
        all.push_back(held.job);
    return all;
}

HeldJobs::Parts HeldJobs::part(std::uint64_t taken) {
    Parts parts;
    for (const auto& [id, held] : jobs_)
        (held.begin < taken ? parts.seen : parts.unseen).push_back(held.job);
    jobs_.clear();
    first_ = 0;
    return parts;
}

}  // namespace airy::work
