// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
// Slots, lines and keys, without threads.
#include "pool/admission.hpp"

#include <doctest/doctest.h>

#include <deque>

using namespace airy::pool;

namespace {

Options with_size(std::size_t size) {
    Options options;
    options.size = size;
    return options;
}

// Submissions, each with its task and its submitter; they stay where they are.
struct Submissions {
    struct One {
        Task task;
        Submitter submitter;
    };
    std::deque<One> all;

    One& add(std::string key = {}, Priority priority = Priority::normal) {
        One& one = all.emplace_back();
        one.task.priority = priority;
        if (!key.empty()) one.task.more().key_name = std::move(key);
        return one;
    }
};

}  // namespace

TEST_CASE("a task gets a free slot, and a submitter that may not wait is refused without one") {
    Admission admission(with_size(2));
    Submissions submissions;
    auto &first = submissions.add(), &second = submissions.add(), &third = submissions.add();
    CHECK(admission.offer(first.task, nullptr) == Submitted::accepted);
    CHECK(first.task.place == Place::ready);
    CHECK(admission.free() == 1);
    CHECK(admission.offer(second.task, nullptr) == Submitted::accepted);
    CHECK(admission.offer(third.task, nullptr) == Submitted::overload);
    CHECK(third.task.place == Place::nowhere);
    CHECK(first.task.id == 1);
    CHECK(second.task.id == 2);
    admission.end(first.task);
    CHECK(admission.running() == 1);
    CHECK(admission.offer(third.task, nullptr) == Submitted::accepted);
    admission.end(second.task);
    CHECK_FALSE(admission.idle());
    admission.end(third.task);
    CHECK(admission.idle());
}

TEST_CASE("the first submitter in line gets the slot that a task gives back") {
    Admission admission(with_size(1));
    Submissions submissions;
    auto &running = submissions.add(), &one = submissions.add(), &two = submissions.add();
    admission.offer(running.task, nullptr);
    CHECK_FALSE(admission.offer(one.task, &one.submitter));
    CHECK_FALSE(admission.offer(two.task, &two.submitter));
    CHECK(admission.waiting() == 2);
    CHECK(admission.admit() == nullptr);
    admission.end(running.task);
    REQUIRE(admission.admit() == &one.task);
    CHECK(one.task.place == Place::ready);
    CHECK(&admission.answer(one.task) == &one.submitter);
    CHECK(one.task.submitter == nullptr);
    CHECK(admission.waiting() == 1);
    CHECK(admission.admit() == nullptr);
    admission.set_cap(2);
    CHECK(admission.admit() == &two.task);
    admission.answer(two.task);
}

TEST_CASE("a submitter that left the line gets no slot") {
    Admission admission(with_size(1));
    Submissions submissions;
    auto &running = submissions.add(), &one = submissions.add(), &two = submissions.add();
    admission.offer(running.task, nullptr);
    admission.offer(one.task, &one.submitter);
    admission.offer(two.task, &two.submitter);
    admission.leave(one.task);
    admission.answer(one.task);
    CHECK(one.task.place == Place::nowhere);
    admission.end(running.task);
    CHECK(admission.admit() == &two.task);
}

TEST_CASE("of seven slots four go to high, two to normal and one to low") {
    Admission admission(with_size(1));
    Submissions submissions;
    Task* running = &submissions.add().task;
    admission.offer(*running, nullptr);
    for (int i = 0; i < 8; ++i)
        for (const auto priority : {Priority::low, Priority::normal, Priority::high}) {
            auto& one = submissions.add({}, priority);
            admission.offer(one.task, &one.submitter);
        }
    std::array<int, 3> admitted{};
    for (int i = 0; i < 7; ++i) {
        admission.end(*running);
        running = admission.admit();
        REQUIRE(running);
        admission.answer(*running);
        ++admitted[static_cast<std::size_t>(running->priority)];
    }
    CHECK(admitted == std::array{4, 2, 1});
}

TEST_CASE("a task behind its key holds no slot, and gets in line when the key is free") {
    Admission admission(with_size(3));
    Submissions submissions;
    auto &first = submissions.add("k"), &second = submissions.add("k"),
         &other = submissions.add("other");
    CHECK(admission.offer(first.task, nullptr) == Submitted::accepted);
    CHECK(admission.offer(second.task, nullptr) == Submitted::accepted);
    CHECK(second.task.place == Place::key_queue);
    CHECK(admission.queued() == 1);
    CHECK(admission.running() == 1);
    CHECK(admission.offer(other.task, nullptr) == Submitted::accepted);
    CHECK(other.task.place == Place::ready);
    CHECK(admission.admit() == nullptr);
    admission.end(first.task);
    CHECK(second.task.place == Place::line);
    REQUIRE(admission.admit() == &second.task);
    CHECK(admission.leave_queue() == nullptr);
    CHECK(admission.queued() == 0);
    admission.end(second.task);
    auto& third = submissions.add("k");
    CHECK(admission.offer(third.task, nullptr) == Submitted::accepted);
    CHECK(third.task.place == Place::ready);
}

TEST_CASE("a submitter that max_keyed keeps waiting gets the place of the task that leaves") {
    auto options = with_size(4);
    options.max_keyed = 1;
    Admission admission(options);
    Submissions submissions;
    auto &running = submissions.add("k"), &queued = submissions.add("k"),
         &waiting = submissions.add("k"), &refused = submissions.add("k");
    admission.offer(running.task, nullptr);
    CHECK(admission.offer(queued.task, nullptr) == Submitted::accepted);
    CHECK(admission.offer(refused.task, nullptr) == Submitted::overload);
    CHECK_FALSE(admission.offer(waiting.task, &waiting.submitter));
    CHECK(admission.waiting() == 1);
    admission.leave(queued.task);
    REQUIRE(admission.leave_queue() == &waiting.task);
    CHECK(&admission.answer(waiting.task) == &waiting.submitter);
    CHECK(admission.queued() == 1);
    CHECK(admission.waiting() == 0);
    CHECK(waiting.task.place == Place::key_queue);
}

TEST_CASE("nonblocking, max_blocking and a deadline that has passed refuse a submitter") {
    auto options = with_size(1);
    Submissions submissions;
    auto &running = submissions.add(), &one = submissions.add(), &two = submissions.add();
    SUBCASE("nonblocking") {
        options.nonblocking = true;
        Admission admission(options);
        admission.offer(running.task, nullptr);
        CHECK(admission.offer(one.task, &one.submitter) == Submitted::overload);
    }
    SUBCASE("max_blocking") {
        options.max_blocking = 1;
        Admission admission(options);
        admission.offer(running.task, nullptr);
        CHECK_FALSE(admission.offer(one.task, &one.submitter));
        CHECK(admission.offer(two.task, &two.submitter) == Submitted::overload);
    }
    SUBCASE("a deadline") {
        Admission admission(options);
        admission.offer(running.task, nullptr);
        one.task.submitted = airy::util::SteadyTime(std::chrono::seconds(5));
        one.task.more().submit_deadline = one.task.submitted;
        CHECK(admission.offer(one.task, &one.submitter) == Submitted::deadline);
    }
}
