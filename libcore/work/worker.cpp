// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "work/worker.hpp"

#include <fmt/core.h>

#include <utility>
#include <variant>

#include "event/event_id.hpp"
#include "util/log.hpp"
#include "util/text.hpp"
#include "work/exit_status.hpp"
#include "work/worker_protocol.hpp"

namespace airy::work {
namespace {

// From a closed pipe until the end of its process.
constexpr std::chrono::seconds pipe_grace{1};

// Bytes of a reason that is that of each message of a batch, which may be thousands.
constexpr std::size_t common_reason = 1024;

void shorten(HandlerResult& common) {
    common.reply.reset();
    common.reason = util::printable(common.reason, common_reason);
    common.detail.line = util::printable(common.detail.line, common_reason);
}

HandlerResult too_late(const std::string& last_line) {
    auto result = judge({ChildResult::Kind::timed_out, 0, last_line});
    if (result.detail.line.empty()) result.detail.line = result.reason;
    return result;
}

HandlerResult stopped_early() {
    return {.verdict = Verdict::not_handled, .reason = "stopped before it was done"};
}

}  // namespace

Worker::Worker(WorkerStage stage, Set& set, std::size_t number)
    : stage_(stage),
      set_(set),
      number_(number),
      held_(stage.options.batch.has_value()),
      replacement_(stage.timers.make([this] {
          due_ = true;
          replace_when_due();
          set_.changed();
      })),
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
    end_ = {};
    due_ = false;
    replacing_ = false;
    read_ = 0;
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
    if (stage_.options.restart_after.count() > 0)
        replacement_->set(began_ + stage_.options.restart_after);
    set_.came_up(*this);
    give_suspect();
    set_.changed();
}

std::size_t Worker::room() const noexcept {
    if (state_ != State::up || alone_ || replacing_) return 0;
    return stage_.options.window - held_.size();
}

void Worker::give(WorkerLine line) {
    const auto id = set_.take_ids(held_.ids_of(line));
    auto& input = process_->input();
    const auto begin = input.appended();
    if (stage_.options.batch)
        append_batch(input.buffer(), id, line);
    else
        append_request(input.buffer(), id, line.front().delivered);
    input.flush_soon();
    held_.add(id, line, begin, stage_.timers.clock().steady());
    life_.given += open_in(line);
    const auto most = stage_.options.restart_after_messages;
    due_ = due_ || (most > 0 && life_.given >= most);
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

// An answer that comes before its message has been read says nothing about it.
bool Worker::has_read(std::uint64_t id) {
    const auto place = held_.place_of(id);
    if (!place || *place < read_) return true;
    read_ = process_->input().taken();
    return *place < read_;
}

void Worker::take_answer(WorkerAnswer& answer) {
    if (!has_read(answer.id))
        return fault(fmt::format("it answered id {} before it had read it", answer.id));
    const auto [jobs, whole_batch] = held_.answer(answer.id, stage_.timers.clock().steady());
    if (jobs.empty()) {
        if (held_.was_answered_in_parts(answer.id)) return;
        if (held_.had(answer.id))
            return fault(fmt::format("it answered id {} twice", answer.id), Cause::echo);
        return fault(fmt::format("it answered id {}, which it never got", answer.id));
    }
    ++life_.answered;
    if (!whole_batch) return set_.finish(jobs.front(), std::move(answer.result));
    shorten(answer.result);
    conclude(jobs, answer.result);
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
    const auto line = suspects_.front();
    suspects_.pop_front();
    give(line);
}

// Once it holds no message, its process gets the end of its stdin, some time to end by itself, and
// then a signal.
void Worker::replace_when_due() {
    if (state_ != State::up) return;
    if (due_ && !replacing_) replacing_ = set_.may_replace(*this);
    if (!replacing_ || !held_.empty() || !suspects_.empty()) return;
    close_input();
    end_.cause = Cause::replace;
    life_.replaced = true;
    set_alarm(stage_.options.child.kill_after);
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
    end_.fault = std::move(what);
    process_->ignore_output();
    end_process(cause);
}

void Worker::end_process(Cause cause) {
    end_.cause = cause;
    state_ = State::leaving;
    alarm_->cancel();
    turn_watched_ = false;
    process_->ask_to_stop();
}

// Its pipes close shortly before a process ends, too.
void Worker::closed_a_pipe(const char* which) {
    if (state_ == State::leaving) return;
    end_.fault = fmt::format("it closed its {}", which);
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
            if (end_.cause == Cause::own) end_.cause = Cause::fault;
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
    late_ = held_.oldest().data();
    end_process(Cause::late);
}

std::size_t Worker::cancel(std::string_view id, Verdict verdict) {
    const auto is_meant = [id](const WorkerJob& job) {
        return !job.done && event::id_of(job.delivered.message) == id;
    };
    std::size_t found = 0;
    std::erase_if(suspects_, [&](WorkerLine line) {
        for (auto& job : line) {
            if (!is_meant(job)) continue;
            ++found;
            set_.finish(job, cancelled(verdict, {}));
        }
        return open_in(line) == 0;
    });
    std::size_t held = 0;
    for (const auto line : held_.all()) {
        for (auto& job : line) {
            if (!is_meant(job)) continue;
            ++held;
            job.when_cancelled = verdict;
        }
    }
    if (held > 0 && state_ == State::up) end_process(Cause::cancel);
    return found + held;
}

void Worker::heed_no_more() {
    for (const auto line : std::exchange(suspects_, {}))
        finish_open(line, stopped_early());
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
    replacement_->cancel();
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
    settle_known(seen, result);
    settle_known(unseen, result);
    const bool blames = end_.may_blame_unanswered();
    if (blames && seen.size() == 1) {
        conclude(seen.front(), end_.failure(result, number_));
        seen.clear();
    }
    if (!blames || stage_.orders.no_more) {
        seen.insert(seen.end(), unseen.begin(), unseen.end());
        return set_.put_back(seen);
    }
    // A suspect stays one until a process has seen it.
    if (alone_)
        suspects_.insert(suspects_.begin(), unseen.begin(), unseen.end());
    else
        set_.put_back(unseen);
    suspects_.insert(suspects_.begin(), seen.begin(), seen.end());
}

// Settles the messages of which it is known what has happened. Their lines leave `lines`.
void Worker::settle_known(std::vector<WorkerLine>& lines, const ChildResult& result) {
    std::erase_if(lines, [&](WorkerLine line) {
        finish_cancelled(line, result.last_line);
        if (stage_.orders.stop) finish_open(line, stopped_early());
        if (line.data() == late_) conclude(line, too_late(result.last_line));
        return open_in(line) == 0;
    });
}

// Takes the verdict about a line: it is that of each of its messages that are not done. Or each of
// them is to be handled alone, after a failure that may be that of another; at the end of the
// consumer they are left.
void Worker::conclude(WorkerLine line, const HandlerResult& result) {
    if (result.verdict != Verdict::success) finish_cancelled(line, {});
    if (!is_to_split(line, result)) return finish_open(line, result);
    if (stage_.orders.no_more) return finish_open(line, stopped_early());
    stage_.split_notice.tell(open_in(line), result);
    finish_open(line, {.verdict = Verdict::alone, .reason = result.reason});
}

bool Worker::is_to_split(WorkerLine line, const HandlerResult& result) const {
    const auto& batch = stage_.options.batch;
    return batch && batch->split && result.verdict != Verdict::success && open_in(line) > 1;
}

void Worker::finish_cancelled(WorkerLine line, const std::string& last_line) {
    for (auto& job : line)
        if (!job.done && job.when_cancelled)
            set_.finish(job, cancelled(*job.when_cancelled, last_line));
}

void Worker::finish_open(WorkerLine line, const HandlerResult& result) {
    for (auto& job : line)
        if (!job.done) set_.finish(job, result);
}

void Worker::come_back(const ChildResult& result, std::uint64_t taken) {
    life_.taken = taken;
    const auto pause = comebacks_.after(life_);
    if (!pause)
        return set_.fail({ErrorKind::handler,
                          fmt::format("worker {} does not come up: {}", number_, end_.why(result)),
                          fmt::format("it ended {} times in a row before it took a message; its "
                                      "messages went back to the queue",
                                      Comebacks::most_useless)});
    if (end_.cause == Cause::replace) return start();
    util::log_warn("a worker ended: starting it again", {{"worker", number_},
                                                         {"pid", process_ ? process_->pid() : 0},
                                                         {"reason", end_.why(result)},
                                                         {"suspects", suspects_.size()},
                                                         {"in_ms", pause->count()}});
    set_alarm(*pause);
}

void Worker::set_alarm(std::chrono::nanoseconds in) {
    alarm_->set(stage_.timers.clock().steady() + in);
}

}  // namespace airy::work
