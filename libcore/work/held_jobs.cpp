// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "work/held_jobs.hpp"

#include <algorithm>
#include <iterator>

namespace airy::work {
namespace {

// A worker that also answers the batch does so soon.
constexpr std::size_t most_in_parts = 1000;
// A worker that answers an id twice does so soon, too.
constexpr std::size_t most_ranges = 1000;

}  // namespace

void HeldJobs::add(std::uint64_t id, WorkerLine line, std::uint64_t begin, util::SteadyTime now) {
    if (lines_.empty()) turn_since_ = now;
    lines_.emplace_hint(lines_.end(), id, Held{line, open_in(line), begin});
    if (first_ == 0) first_ = id;
    const auto last = id + ids_of(line) - 1;
    if (!given_.empty() && given_.back().last + 1 == id) {
        given_.back().last = last;
        return;
    }
    if (given_.size() == most_ranges) given_.pop_front();
    given_.push_back({id, last});
}

bool HeldJobs::had(std::uint64_t id) const noexcept {
    if (first_ == 0 || id < first_) return false;
    const auto after = std::ranges::upper_bound(given_, id, {}, &Ids::first);
    return after == given_.begin() || id <= std::prev(after)->last;
}

// The line that has the id, if any has.
HeldJobs::Lines::iterator HeldJobs::with(std::uint64_t id) {
    const auto after = lines_.upper_bound(id);
    if (after == lines_.begin()) return lines_.end();
    const auto at = std::prev(after);
    return id - at->first < ids_of(at->second.line) ? at : lines_.end();
}

std::optional<std::uint64_t> HeldJobs::place_of(std::uint64_t id) {
    const auto at = with(id);
    if (at == lines_.end()) return std::nullopt;
    return at->second.begin;
}

HeldJobs::Answered HeldJobs::answer(std::uint64_t id, util::SteadyTime now) {
    const auto at = with(id);
    if (at == lines_.end()) return {};
    auto& [line, open, begin] = at->second;
    const auto place = id - at->first;
    if (batches_ && place == 0) {
        const auto jobs = line;
        remove(at, now);
        return {jobs, true};
    }
    const auto index = batches_ ? place - 1 : place;
    if (index >= line.size() || line[index].done) return {};
    const auto job = line.subspan(index, 1);
    job.front().done = true;
    if (--open > 0) return {job};
    if (batches_) note_answered_in_parts(at->first);
    remove(at, now);
    return {job};
}

void HeldJobs::remove(Lines::iterator at, util::SteadyTime now) {
    if (at == lines_.begin()) turn_since_ = now;
    lines_.erase(at);
}

void HeldJobs::note_answered_in_parts(std::uint64_t id) {
    if (in_parts_.size() == most_in_parts) in_parts_.pop_front();
    in_parts_.push_back(id);
}

bool HeldJobs::was_answered_in_parts(std::uint64_t id) {
    const auto found = std::find(in_parts_.rbegin(), in_parts_.rend(), id);
    if (found == in_parts_.rend()) return false;
    in_parts_.erase(std::next(found).base());
    return true;
}

std::vector<WorkerLine> HeldJobs::all() const {
    std::vector<WorkerLine> all;
    all.reserve(lines_.size());
    for (const auto& [id, held] : lines_)
        all.push_back(held.line);
    return all;
}

HeldJobs::Parts HeldJobs::part(std::uint64_t taken) {
    Parts parts;
    for (const auto& [id, held] : lines_)
        (held.begin < taken ? parts.seen : parts.unseen).push_back(held.line);
    lines_.clear();
    in_parts_.clear();
    given_.clear();
    first_ = 0;
    return parts;
}

}  // namespace airy::work
