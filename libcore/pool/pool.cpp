// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "pool/pool.hpp"

#include "pool/state.hpp"
#include "util/error.hpp"

namespace airy::pool {

using boost::asio::awaitable;

std::stop_token TaskContext::stop_token() {
    return task_.state->stop_token(task_);
}

bool TaskContext::stop_requested() const noexcept {
    return task_.stop_requested.load(std::memory_order_relaxed);
}

std::optional<util::SteadyTime> TaskContext::deadline() const noexcept {
    if (!task_.has_deadline) return std::nullopt;
    return task_.deadline;
}

std::uint64_t TaskContext::id() const noexcept {
    return task_.id;
}

void TaskContext::start_sleep(std::chrono::nanoseconds duration, Callable<void(bool), 24> resume) {
    task_.state->sleep(task_, duration, std::move(resume));
}

namespace {

Options checked(Options options) {
    if (options.size == 0) throw Error(ErrorKind::usage, "a pool cannot have a size of 0");
    if (!options.clock) options.clock = &util::system_clock();
    return options;
}

}  // namespace

TaskPool::TaskPool(Options options, boost::asio::io_context& loop)
    : state_(std::make_shared<State>(checked(std::move(options)), loop)) {
    state_->open();
}

TaskPool::TaskPool(Options options)
    : own_loop_(std::make_unique<Loop>()),
      state_(std::make_shared<State>(checked(std::move(options)), own_loop_->context())) {
    state_->open();
}

TaskPool::~TaskPool() {
    state_->abandon();
    state_.reset();
}

Submitted TaskPool::submit_task(ThreadTask call, SubmitOptions options) {
    auto task = state_->make_task(Lane::threads, std::move(options));
    task->work = std::move(call);
    return state_->submit(std::move(task));
}

Submitted TaskPool::submit_async(AsyncTask coroutine, SubmitOptions options) {
    auto task = state_->make_task(Lane::async, std::move(options));
    task->work = std::move(coroutine);
    return state_->submit(std::move(task));
}

awaitable<Submitted> TaskPool::async_submit(AsyncTask coroutine) {
    return async_submit(std::move(coroutine), SubmitOptions());
}

awaitable<Submitted> TaskPool::async_submit(AsyncTask coroutine, SubmitOptions options) {
    auto task = state_->make_task(Lane::async, std::move(options));
    task->work = std::move(coroutine);
    return state_->async_submit(std::move(task));
}

awaitable<Submitted> TaskPool::async_submit_task(ThreadTask call, SubmitOptions options) {
    auto task = state_->make_task(Lane::threads, std::move(options));
    task->work = std::move(call);
    return state_->async_submit(std::move(task));
}

Metrics TaskPool::metrics() const {
    return state_->metrics();
}
std::size_t TaskPool::cap() const {
    return state_->cap();
}
std::size_t TaskPool::running() const {
    return state_->running();
}
std::size_t TaskPool::waiting() const {
    return state_->waiting();
}
bool TaskPool::released() const {
    return state_->closed();
}

std::size_t TaskPool::free() const {
    return state_->free();
}

void TaskPool::resize(std::size_t size) {
    state_->resize(size);
}
void TaskPool::wait() {
    state_->wait(std::nullopt);
}
bool TaskPool::wait(std::chrono::nanoseconds timeout) {
    return state_->wait(timeout);
}
awaitable<void> TaskPool::async_wait() {
    return state_->async_wait();
}
void TaskPool::release() {
    state_->release();
}
std::size_t TaskPool::release(std::chrono::nanoseconds timeout) {
    return state_->release(timeout);
}
void TaskPool::reboot() {
    state_->reboot();
}
void TaskPool::clock_moved() {
    state_->clock_moved();
}
boost::asio::io_context& TaskPool::loop() noexcept {
    return state_->loop();
}

}  // namespace airy::pool
