// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "work/worker.hpp"

#include <fmt/core.h>

#include <utility>
#include <variant>

#include "event/event_id.hpp"
#include "util/log.hpp"
#include "work/exit_status.hpp"
#include "work/worker_protocol.hpp"

namespace airy::work {
namespace {

// From a closed pipe until the end of its process.
constexpr std::chrono::seconds pipe_grace{1};

HandlerResult stopped_early() {
    return {.verdict = Verdict::not_handled, .reason = "stopped before it was done"};
}

}  // namespace

Worker::Worker(WorkerStage stage, Set& set, std::size_t number)
    : stage_(stage),
      set_(set),
      number_(number),
      alarm_(stage.timers.make([this] { on_alarm(); })) {}

Worker::~Worker() {
    if (process_) process_->leave();
}

void Worker::start() {
    state_ = State::starting;
    set_.start(*this);
}

void Worker::started(Spawned spawned) {
    life_ = {};
    cause_ = Cause::own;
    replacing_ = false;
    began_ = stage_.timers.clock().steady();
    WorkerProcess::Owner& owner = *this;
    auto process = std::make_shared<WorkerProcess>(
        stage_.loop, stage_.timers, stage_.options.child.kill_after, stage_.err, owner);
    if (const int error = process->adopt(spawned); error != 0) {
        const ChildResult failure{ChildResult::Kind::cannot_start, error, {}};
        state_ = State::down;
        if (stage_.orders.no_more) return set_.changed();
        if (is_shortage(error)) return come_back(failure, 0);
        return set_.fail({ErrorKind::general,
                          "cannot run the command any more: " + judge(failure).reason,
                          "its messages went back to the queue"});
    }
    process_ = std::move(process);
    process_->begin();
    if (stage_.orders.no_more) {
        close_input();
        return heed_stop();
    }
    if (!stage_.options.wait_until_ready) return come_up();
    state_ = State::warming;
    if (stage_.options.child.timeout.count() > 0) set_alarm(stage_.options.child.timeout);
}

void Worker::come_up() {
    alarm_->cancel();
    state_ = State::up;
    life_.up = true;
    set_.came_up(*this);
    give_suspect();
    set_.changed();
}

std::size_t Worker::room() const noexcept {
    if (state_ != State::up || alone_ || replacing_) return 0;
    return stage_.options.window - held_.size();
}

void Worker::give(WorkerJob& job) {
    const auto id = set_.next_id();
    auto& input = process_->input();
    const auto begin = input.appended();
    append_request(input.buffer(), id, job.delivered);
    input.flush_soon();
    held_.add(id, job, begin, stage_.timers.clock().steady());
    ++life_.given;
    if (!turn_watched_ && stage_.options.child.timeout.count() > 0) {
        turn_watched_ = true;
        set_alarm(stage_.options.child.timeout);
    }
    replace_when_due();
}

void Worker::line(std::string_view text) {
    auto meaning = read_answer(text);
    if (auto* answer = std::get_if<WorkerAnswer>(&meaning)) return take_answer(*answer);
    if (const auto* none = std::get_if<NoAnswer>(&meaning)) return fault("it wrote " + none->why);
    if (state_ == State::warming) come_up();
}

void Worker::take_answer(WorkerAnswer& answer) {
    auto* const job = held_.answer(answer.id, stage_.timers.clock().steady());
    if (job == nullptr) {
        if (held_.had(answer.id))
            return fault(fmt::format("it answered id {} twice", answer.id), Cause::echo);
        return fault(fmt::format("it answered id {}, which it never got", answer.id));
    }
    ++life_.answered;
    if (job == late_) late_ = nullptr;
    set_.finish(*job, std::move(answer.result));
}

void Worker::lines_over() {
    if (state_ != State::up) return;
    give_suspect();
    replace_when_due();
    if (stage_.orders.no_more && held_.empty()) close_input();
    set_.changed();
}

void Worker::line_too_long() {
    fault(fmt::format("it wrote a line of more than {} MiB", answer_limit >> 20));
    process_->ignore_output();
}

void Worker::give_suspect() {
    if (state_ != State::up || !held_.empty()) return;
    alone_ = !suspects_.empty();
    if (!alone_) return;
    auto* const job = suspects_.front();
    suspects_.pop_front();
    give(*job);
}

// Once it holds no message, its process gets the end of its stdin, some time to end by itself, and
// then a signal.
void Worker::replace_when_due() {
    const auto& options = stage_.options;
    const auto most = options.restart_after_messages;
    const auto age = stage_.timers.clock().steady() - began_;
    const bool due = (most > 0 && life_.given >= most) ||
                     (options.restart_after.count() > 0 && age >= options.restart_after);
    if (due && !replacing_) replacing_ = set_.may_replace(*this);
    if (!replacing_ || !held_.empty() || !suspects_.empty()) return;
    close_input();
    cause_ = Cause::replace;
    set_alarm(options.child.kill_after);
}

void Worker::close_input() {
    alarm_->cancel();
    turn_watched_ = false;
    state_ = State::leaving;
    process_->input().close_when_written();
}

// A process that leaves has nothing more to say than answers.
void Worker::fault(std::string what, Cause cause) {
    if (state_ == State::leaving) return;
    util::log_warn("a worker does not keep to its protocol: ending it",
                   {{"worker", number_}, {"pid", process_->pid()}, {"reason", what}});
    fault_ = std::move(what);
    process_->ignore_output();
    end_process(cause);
}

void Worker::end_process(Cause cause) {
    cause_ = cause;
    state_ = State::leaving;
    alarm_->cancel();
    turn_watched_ = false;
    process_->ask_to_stop();
}

// Its pipes close shortly before a process ends, too.
void Worker::closed_a_pipe(const char* which) {
    if (state_ == State::leaving) return;
    fault_ = fmt::format("it closed its {}", which);
    state_ = State::leaving;
    turn_watched_ = false;
    set_alarm(pipe_grace);
}

void Worker::on_alarm() {
    switch (state_) {
        case State::down:
            return start();
        case State::warming:
            return fault("it was not ready in time");
        case State::up:
            turn_watched_ = false;
            return check_turn();
        case State::leaving:
            if (cause_ == Cause::own) cause_ = Cause::fault;
            return process_->ask_to_stop();
        case State::starting:
            return;
    }
}

void Worker::check_turn() {
    if (held_.empty()) return;
    // The first message comes while the process still starts up.
    const bool starting_up = life_.answered == 0 && !stage_.options.wait_until_ready;
    const auto time = stage_.options.child.timeout * (starting_up ? 2 : 1);
    const auto left = held_.turn_since() + time - stage_.timers.clock().steady();
    if (left > std::chrono::nanoseconds(0)) {
        turn_watched_ = true;
        return set_alarm(left);
    }
    if (process_->input().taken() == 0) return fault("it has not begun to read in time");
    late_ = &held_.oldest();
    end_process(Cause::late);
}

std::size_t Worker::cancel(std::string_view id, Verdict verdict) {
    std::size_t found = 0;
    std::erase_if(suspects_, [&](WorkerJob* job) {
        if (event::id_of(job->delivered.message) != id) return false;
        ++found;
        set_.finish(*job, cancelled(verdict, {}));
        return true;
    });
    std::size_t held = 0;
    for (auto* job : held_.all()) {
        if (event::id_of(job->delivered.message) != id) continue;
        ++held;
        job->when_cancelled = verdict;
    }
    if (held > 0 && state_ == State::up) end_process(Cause::cancel);
    return found + held;
}

void Worker::heed_no_more() {
    for (auto* job : std::exchange(suspects_, {}))
        set_.finish(*job, stopped_early());
    if (state_ == State::down) alarm_->cancel();
    const bool idle = state_ == State::warming || (state_ == State::up && held_.empty());
    if (idle) close_input();
}

void Worker::heed_stop() {
    if (!process_) return;
    if (stage_.orders.kill)
        process_->kill();
    else if (stage_.orders.stop)
        process_->ask_to_stop();
}

bool Worker::at_rest() const noexcept {
    return state_ == State::down && stage_.orders.no_more;
}

void Worker::ended(const ChildResult& result, std::uint64_t taken) {
    alarm_->cancel();
    turn_watched_ = false;
    state_ = State::down;
    life_.lasted = stage_.timers.clock().steady() - began_;
    settle_rest(result, taken);
    alone_ = false;
    late_ = nullptr;
    if (!stage_.orders.no_more) come_back(result, taken);
    process_.reset();
    set_.changed();
}

void Worker::settle_rest(const ChildResult& result, std::uint64_t taken) {
    auto [seen, unseen] = held_.part(taken);
    const auto settled = [&](WorkerJob* job) { return settle_known(*job, result); };
    std::erase_if(seen, settled);
    std::erase_if(unseen, settled);
    const bool innocent = cause_ == Cause::echo || cause_ == Cause::late || cause_ == Cause::cancel;
    if (!innocent && seen.size() == 1) {
        set_.finish(*seen.front(), failure(result));
        seen.clear();
    }
    if (innocent) {
        seen.insert(seen.end(), unseen.begin(), unseen.end());
        return set_.put_back(seen);
    }
    if (stage_.orders.no_more) {
        set_.put_back(unseen);
        return set_.put_back(seen);
    }
    // A suspect stays one until a process has seen it.
    if (alone_)
        suspects_.insert(suspects_.begin(), unseen.begin(), unseen.end());
    else
        set_.put_back(unseen);
    suspects_.insert(suspects_.end(), seen.begin(), seen.end());
}

// A message of which it is known what has happened.
bool Worker::settle_known(WorkerJob& job, const ChildResult& result) {
    if (job.when_cancelled)
        set_.finish(job, cancelled(*job.when_cancelled, result.last_line));
    else if (stage_.orders.stop)
        set_.finish(job, stopped_early());
    else if (&job == late_)
        set_.finish(job, judge({ChildResult::Kind::timed_out, 0, result.last_line}));
    else
        return false;
    return true;
}

HandlerResult Worker::failure(const ChildResult& result) const {
    HandlerResult failed;
    if (cause_ == Cause::fault)
        failed.detail.line = fault_;
    else
        failed = judge(result);
    failed.verdict = Verdict::retry;
    failed.reason = named(why(result));
    return failed;
}

std::string Worker::why(const ChildResult& result) const {
    switch (cause_) {
        case Cause::fault:
        case Cause::echo:
            return fault_;
        case Cause::late:
            return "a message timed out";
        case Cause::cancel:
            return "a message was cancelled by an operator";
        case Cause::own:
        case Cause::replace:
            break;
    }
    const auto reason = judge(result).reason;
    return reason.empty() ? "exit status 0" : reason;
}

std::string Worker::named(std::string_view what) const {
    return fmt::format("worker {}: {}", number_, what);
}

void Worker::come_back(const ChildResult& result, std::uint64_t taken) {
    life_.taken = taken;
    const auto pause = comebacks_.after(life_);
    if (!pause)
        return set_.fail({ErrorKind::handler,
                          fmt::format("worker {} does not come up: {}", number_, why(result)),
                          fmt::format("it ended {} times in a row before it took a message; its "
                                      "messages went back to the queue",
                                      Comebacks::most_useless)});
    if (cause_ == Cause::replace) return start();
    util::log_warn("a worker ended: starting it again", {{"worker", number_},
                                                         {"pid", process_ ? process_->pid() : 0},
                                                         {"reason", why(result)},
                                                         {"suspects", suspects_.size()},
                                                         {"in_ms", pause->count()}});
    set_alarm(*pause);
}

void Worker::set_alarm(std::chrono::nanoseconds in) {
    alarm_->set(stage_.timers.clock().steady() + in);
}

}  // namespace airy::work
