// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "work/worker_handler.hpp"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <utility>

#include "event/event_id.hpp"
#include "work/exit_status.hpp"

namespace airy::work {
namespace asio = boost::asio;
namespace {

// After the request to stop: the wait for a reader of stderr that does not read.
constexpr std::chrono::seconds stderr_grace{1};

}  // namespace

// Shared by the handler and the starts under way, which a loop that has ended leaves behind.
struct WorkerHandler::Starter {
    explicit Starter(Command command) : spawner(std::move(command), child_environment(environ)) {}

    static asio::awaitable<Spawned> spawn(std::shared_ptr<Starter> self) {
        co_return self->spawner.spawn_with_pipe({});
    }
    static asio::awaitable<void> start(std::shared_ptr<Starter> self,
                                       std::weak_ptr<Worker> worker) {
        Spawned spawned;
        {
            const StartThreads::Turn turn(self->threads);
            spawned =
                co_await asio::co_spawn(self->threads.context(), spawn(self), asio::use_awaitable);
        }
        if (const auto alive = worker.lock())
            alive->started(std::move(spawned));
        else if (spawned.pid != 0)
            ::kill(-spawned.pid, SIGKILL);
    }

    Spawner spawner;
    StartThreads threads;
};

WorkerHandler::WorkerHandler(asio::io_context& loop, Timers& timers, Command command,
                             const WorkerOptions& options, OutputStream& err)
    : loop_(loop),
      options_(options),
      err_(err),
      split_notice_(timers.clock()),
      starter_(std::make_shared<Starter>(std::move(command))),
      coming_up_(loop, timers) {
    const WorkerStage stage{loop, timers, options_, orders_, err_, split_notice_};
    Worker::Set& set = *this;
    for (std::size_t number = 1; number <= options_.workers; ++number)
        workers_.push_back(std::make_shared<Worker>(stage, set, number));
}

WorkerHandler::~WorkerHandler() = default;

asio::awaitable<void> WorkerHandler::come_up() {
    for (const auto& worker : workers_)
        worker->start();
    while (!any_came_up_ && !error_ && !orders_.no_more)
        co_await coming_up_.wait();
    if (error_) throw *error_;
}

asio::awaitable<void> WorkerHandler::handle(std::span<const mq::Delivered> batch,
                                            std::span<HandlerResult> results, pool::TaskContext&) {
    WorkerCall call{.open = batch.size()};
    std::vector<WorkerJob> jobs;
    jobs.reserve(batch.size());
    for (std::size_t i = 0; i < batch.size(); ++i)
        jobs.push_back({batch[i], results[i], call});
    if (options_.batch)
        line_.emplace_back(jobs);
    else
        for (auto& job : jobs)
            line_.emplace_back(&job, 1);
    serve();
    if (call.open == 0) co_return;
    call.suspended = suspended_.emplace(suspended_.end());
    auto suspended = pool::suspend(**call.suspended);
    co_await std::move(suspended);
}

// Gives waiting lines out, each to the worker that holds the fewest; at the end, back.
void WorkerHandler::serve() {
    while (!line_.empty()) {
        const auto line = line_.front();
        if (orders_.no_more || error_) {
            line_.pop_front();
            for (auto& job : line)
                if (!job.done)
                    finish(job, {.verdict = Verdict::not_handled,
                                 .reason = "stopped before it was begun"});
            continue;
        }
        auto* const worker = roomiest();
        if (worker == nullptr) {
            for (const auto& due : workers_)
                due->replace_when_due();
            return;
        }
        line_.pop_front();
        worker->give(line);
    }
}

bool WorkerHandler::any_is_fit() const {
    return std::ranges::any_of(
        workers_, [](const auto& worker) { return worker->may_work() && !worker->is_due(); });
}

// A worker that is to be replaced waits for its turn without work. One that has lived its time goes
// on where no other works.
Worker* WorkerHandler::roomiest() const {
    const bool due_ones_wait = options_.restart_after_messages > 0 || any_is_fit();
    Worker* best = nullptr;
    std::size_t room = 0;
    for (const auto& worker : workers_) {
        if (worker->room() <= room || (due_ones_wait && worker->is_due())) continue;
        room = worker->room();
        best = worker.get();
    }
    return best;
}

void WorkerHandler::start(Worker& worker) {
    asio::co_spawn(loop_, Starter::start(starter_, worker.weak_from_this()), asio::detached);
}

void WorkerHandler::came_up(Worker& worker) {
    if (replaced_ == &worker) {
        replaced_ = nullptr;
        // The turn of the next one that is due.
        for (const auto& other : workers_)
            other->replace_when_due();
    }
    any_came_up_ = true;
    coming_up_.notify();
}

void WorkerHandler::changed() {
    serve();
    if (orders_.no_more) tell_soon();
}

bool WorkerHandler::may_replace(const Worker& worker) {
    if (replaced_ == nullptr) replaced_ = &worker;
    if (replaced_ == &worker) return true;
    // Nobody would work meanwhile.
    return options_.restart_after_messages > 0 && !any_is_fit();
}

std::uint64_t WorkerHandler::take_ids(std::uint64_t count) {
    const auto first = last_id_ + 1;
    last_id_ += count;
    return first;
}

void WorkerHandler::finish(WorkerJob& job, HandlerResult result) {
    job.result = std::move(result);
    job.done = true;
    if (--job.call.open == 0 && job.call.suspended) resume_soon(*job.call.suspended);
}

// The calls whose messages were answered by one read are resumed in one turn of the loop.
void WorkerHandler::resume_soon(SuspendedCalls::iterator call) {
    resumed_.splice(resumed_.end(), suspended_, call);
    if (resumed_.size() > 1) return;
    asio::post(loop_, [this] {
        for (auto& resume : std::exchange(resumed_, {}))
            resume();
    });
}

void WorkerHandler::put_back(const std::vector<WorkerLine>& lines) {
    if (lines.empty()) return;
    line_.insert(line_.begin(), lines.begin(), lines.end());
    serve();
}

void WorkerHandler::fail(Error error) {
    if (!error_) error_ = std::move(error);
    serve();
    coming_up_.notify();
    tell_soon();
}

// The consumer calls back, so not from within a call of a worker.
void WorkerHandler::tell_soon() {
    if (std::exchange(telling_, true)) return;
    asio::post(loop_, [this] {
        telling_ = false;
        if (told_) told_();
    });
}

std::size_t WorkerHandler::cancel(std::string_view id, Verdict verdict) {
    std::size_t found = 0;
    std::erase_if(line_, [&](WorkerLine line) {
        for (auto& job : line) {
            if (job.done || event::id_of(job.delivered.message) != id) continue;
            ++found;
            finish(job, cancelled(verdict, {}));
        }
        return open_in(line) == 0;
    });
    for (const auto& worker : workers_)
        found += worker->cancel(id, verdict);
    return found;
}

void WorkerHandler::begin_no_more() {
    orders_.no_more = true;
    serve();
    for (const auto& worker : workers_)
        worker->heed_no_more();
    coming_up_.notify();
    tell_soon();
}

void WorkerHandler::ask_to_stop() {
    orders_.stop = true;
    for (const auto& worker : workers_)
        worker->heed_stop();
    err_.abandon_after(stderr_grace);
}

void WorkerHandler::kill() {
    orders_.stop = true;
    orders_.kill = true;
    for (const auto& worker : workers_)
        worker->heed_stop();
    err_.abandon();
}

std::optional<HandlerEnd> WorkerHandler::end() const {
    if (error_) return HandlerEnd{*error_};
    return std::nullopt;
}

bool WorkerHandler::at_rest() const noexcept {
    return std::ranges::all_of(workers_, [](const auto& worker) { return worker->at_rest(); });
}

}  // namespace airy::work
