// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "work/child.hpp"

#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <memory>
#include <utility>

#include "util/backoff.hpp"
#include "util/log.hpp"
#include "work/condition.hpp"

namespace airy::work {
namespace asio = boost::asio;
namespace {

using std::chrono::milliseconds;

// After the leader's exit: the wait for the end of output that other processes may hold open.
constexpr milliseconds leftover_grace{100};
// The wait for resources while no child of ours runs that could free any.
constexpr std::chrono::seconds shortage_patience{5};
constexpr util::Backoff shortage_backoff{milliseconds(10), milliseconds(1000)};

ChildResult result_of(ProcessGroup::Ending ending, const siginfo_t& info, const std::string& line) {
    using Ending = ProcessGroup::Ending;
    using Kind = ChildResult::Kind;
    if (ending == Ending::timeout) return {Kind::timed_out, 0, line};
    const bool exited = info.si_code == CLD_EXITED;
    if (ending != Ending::by_itself && !(exited && info.si_status == 0))
        return {ending == Ending::stop ? Kind::stopped : Kind::cancelled, 0, line};
    return {exited ? Kind::exited : Kind::signalled, info.si_status, line};
}

}  // namespace

// One run of the command: its processes and their output.
struct CommandRunner::Run {
    Run(CommandRunner& runner, std::string_view prefix, OutputCapture* capture)
        : group(runner.loop_, runner.timers_, runner.options_.kill_after),
          out(std::make_shared<OutputPump>(runner.loop_, prefix, runner.out_, capture)),
          err(std::make_shared<OutputPump>(runner.loop_, prefix, runner.err_)),
          closed(runner.loop_, runner.timers_) {}

    // Takes the descriptors of a started process; 0 or an errno, and may be called again.
    int adopt(Spawned& spawned) {
        int error = spawned.out ? out->adopt(spawned.out) : 0;
        if (error == 0 && spawned.err) error = err->adopt(spawned.err);
        if (error == 0) error = group.adopt(spawned.pid, spawned.pidfd);
        return error;
    }
    void begin() {
        out->begin([this] { closed.notify(); });
        err->begin([this] { closed.notify(); });
    }
    // Reads the rest of both pipes. Closes them after a limit: another process may hold them open.
    asio::awaitable<void> pass_on_the_rest(const util::Clock& clock) {
        out->writer_ended();
        err->writer_ended();
        const auto limit = clock.steady() + leftover_grace;
        while (out->open() || err->open()) {
            const auto now = clock.steady();
            if (out->passed_on() && err->passed_on() && now >= limit) break;
            co_await closed.wait_until(now + leftover_grace);
        }
        out->close();
        err->close();
    }

    ProcessGroup group;
    std::shared_ptr<OutputPump> out;
    std::shared_ptr<OutputPump> err;
    Condition closed;  // notified when one of them closes
};

CommandRunner::CommandRunner(asio::io_context& loop, Timers& timers, Command command,
                             ChildOptions options, OutputStream& out, OutputStream& err)
    : loop_(loop),
      timers_(timers),
      options_(options),
      out_(out),
      err_(err),
      spawner_(std::move(command), child_environment(environ)) {}

CommandRunner::~CommandRunner() = default;

asio::awaitable<ChildResult> CommandRunner::run(ChildRequest request) {
    Run run(*this, request.line_prefix, request.capture);
    if (request.take_line) run.out->take_lines(std::move(request.take_line));
    CancelSwitch own;
    auto& cancel = request.cancel != nullptr ? *request.cancel : own;
    const int error = co_await start_when_possible(run, request);
    if (error == ECANCELED)
        co_return ChildResult{
            cancel.cancelled_ ? ChildResult::Kind::cancelled : ChildResult::Kind::stopped, 0, {}};
    if (error != 0) co_return ChildResult{ChildResult::Kind::cannot_start, error, {}};
    run.begin();
    if (options_.timeout.count() > 0) run.group.time_out_after(options_.timeout);
    if (killing_)
        run.group.kill();
    else if (stopping_)
        run.group.ask_to_stop();
    cancel.group_ = &run.group;
    if (cancel.cancelled_) run.group.cancel();
    const siginfo_t info = co_await run.group.ended();
    cancel.group_ = nullptr;
    groups_.erase(&run.group);
    co_await run.pass_on_the_rest(timers_.clock());
    co_return result_of(run.group.ending(), info, run.err->last_line());
}

// 0, ECANCELED when stopping, or the errno of a failure that waiting does not cure.
asio::awaitable<int> CommandRunner::start_when_possible(Run& run, const ChildRequest& request) {
    const auto& clock = timers_.clock();
    std::uint64_t failures = 0;
    const auto began = clock.steady();
    Spawned spawned;
    while (true) {
        if (spawned.pid == 0) {
            const bool cancelled = request.cancel != nullptr && request.cancel->cancelled_;
            if (stopping_ || begin_no_more_ || cancelled) co_return ECANCELED;
            const StartThreads::Turn turn(start_threads_);
            spawned = co_await asio::co_spawn(start_threads_.context(), spawn(request),
                                              asio::use_awaitable);
        } else {
            Spawner::watch(spawned);
        }
        if (spawned.error == 0) spawned.error = run.adopt(spawned);
        if (spawned.error == 0) break;
        if (!is_shortage(spawned.error) && spawned.pid == 0) co_return spawned.error;
        // While other commands run, their resources become free. When no command runs, none will.
        const bool hopeless = groups_.empty() && clock.steady() - began > shortage_patience;
        if (hopeless && spawned.pid == 0) co_return spawned.error;
        if (!short_of_resources_)
            util::log_warn("cannot start a command yet, trying again",
                           {{"reason", std::strerror(spawned.error)}});
        short_of_resources_ = true;
        const auto again = clock.steady() + shortage_backoff.delay(failures++);
        while (clock.steady() < again)
            co_await run.closed.wait_until(again);
    }
    groups_.insert(&run.group);
    co_return 0;
}

asio::awaitable<Spawned> CommandRunner::spawn(const ChildRequest& request) {
    co_return spawner_.spawn(request.stdin_bytes, request.environment);
}

void CommandRunner::ask_to_stop() {
    stopping_ = true;
    for (auto* group : groups_)
        group->ask_to_stop();
}

void CommandRunner::kill_all() {
    stopping_ = true;
    killing_ = true;
    for (auto* group : groups_)
        group->kill();
}

}  // namespace airy::work
