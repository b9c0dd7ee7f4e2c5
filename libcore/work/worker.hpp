// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "util/error.hpp"
#include "work/batch_options.hpp"
#include "work/child.hpp"
#include "work/comebacks.hpp"
#include "work/held_jobs.hpp"
#include "work/output.hpp"
#include "work/split_notice.hpp"
#include "work/timers.hpp"
#include "work/worker_end.hpp"
#include "work/worker_process.hpp"

namespace airy::work {

struct WorkerAnswer;

struct WorkerOptions {
    std::size_t workers = 1;
    std::size_t window = 1;  // the most lines that one worker holds
    ChildOptions child{};    // the timeout is that of a line, and of the first line that it writes
    // A line holds a batch. Absent: one message.
    std::optional<BatchOptions> batch{};
    bool wait_until_ready = false;
    // A process is replaced after so many messages, or so long; 0: never.
    std::uint64_t restart_after_messages = 0;
    std::chrono::nanoseconds restart_after{};
};

// The orders of a consumer that ends to all of its workers.
struct WorkerOrders {
    bool no_more = false;
    bool stop = false;
    bool kill = false;
};

// The surroundings that all workers of a set share; all outlive them.
struct WorkerStage {
    boost::asio::io_context& loop;
    Timers& timers;
    const WorkerOptions& options;
    const WorkerOrders& orders;
    OutputStream& err;
    SplitNotice& split_notice;
};

// One worker of a set: gives lines, which are messages or batches, to its process, and starts
// another process when that has ended. When a process ends, its unanswered lines are told apart:
// the one that it must have failed on, those that it had never seen, which any worker may have, and
// the suspects, of which one may have ended it. Suspects go to the next process one at a time, so
// that the culprit is found and the others are not blamed. The messages of a batch that is found
// are to be handled alone, unless the batch is to fail as a whole. Loop thread only.
class Worker final : public std::enable_shared_from_this<Worker>, private WorkerProcess::Owner {
  public:
    class Set {
      public:
        virtual ~Set() = default;
        // Starts a process for the worker; `started` follows.
        virtual void start(Worker& worker) = 0;
        virtual void came_up(Worker& worker) = 0;
        // The worker may take messages, or has come to rest.
        virtual void changed() = 0;
        // The first of so many new ids in a row.
        virtual std::uint64_t take_ids(std::uint64_t count) = 0;
        // Whether the worker may be replaced now, so that others go on meanwhile.
        virtual bool may_replace(const Worker& worker) = 0;
        virtual void finish(WorkerJob& job, HandlerResult result) = 0;
        // These go to any worker, before all that wait.
        virtual void put_back(const std::vector<WorkerLine>& lines) = 0;
        // The worker is of no use, nor would another be.
        virtual void fail(Error error) = 0;
    };

    // `number` counts from 1 and is the worker's name in the log.
    Worker(WorkerStage stage, Set& set, std::size_t number);
    ~Worker() override;

    void start();
    // The outcome of a start.
    void started(Spawned spawned);

    // How many more lines it takes now.
    std::size_t room() const noexcept;
    void give(WorkerLine line);

    // Its process is to be replaced.
    bool is_due() const noexcept { return due_; }
    bool may_work() const noexcept { return state_ == State::up && !replacing_; }
    // Replaces the process if that is due, and no other worker's is being replaced.
    void replace_when_due();

    // Ends the handling of these messages, as Handler::cancel does.
    std::size_t cancel(std::string_view id, Verdict verdict);

    // The orders have changed.
    void heed_no_more();
    void heed_stop();

    // It has no process, and starts none.
    bool at_rest() const noexcept;

  private:
    enum class State : std::uint8_t {
        down,      // without a process
        starting,  // waits for `started`
        warming,   // not ready yet
        up,
        leaving,  // its process takes no more messages
    };
    using Cause = WorkerEnd::Cause;

    void line(std::string_view text) override;
    void lines_over() override;
    void line_too_long() override;
    void closed_a_pipe(const char* which) override;
    void ended(const ChildResult& result, std::uint64_t taken) override;

    void come_up();
    bool has_read(std::uint64_t id);
    void take_answer(WorkerAnswer& answer);
    void give_suspect();
    void close_input();
    void fault(std::string what, Cause cause = Cause::fault);
    void end_process(Cause cause);
    void on_alarm();
    void check_turn();
    void settle_rest(const ChildResult& result, std::uint64_t taken);
    void settle_known(std::vector<WorkerLine>& lines, const ChildResult& result);
    void conclude(WorkerLine line, const HandlerResult& result);
    bool is_to_split(WorkerLine line, const HandlerResult& result) const;
    void finish_cancelled(WorkerLine line, const std::string& last_line);
    void finish_open(WorkerLine line, const HandlerResult& result);
    void come_back(const ChildResult& result, std::uint64_t taken);
    void set_alarm(std::chrono::nanoseconds in);

    const WorkerStage stage_;
    Set& set_;
    const std::size_t number_;
    State state_ = State::down;
    std::shared_ptr<WorkerProcess> process_;
    Comebacks comebacks_;
    Comebacks::Life life_;  // of the process
    util::SteadyTime began_{};
    WorkerEnd end_;
    const WorkerJob* late_ = nullptr;  // with Cause::late: the first of the line
    HeldJobs held_;
    std::uint64_t read_ = 0;  // bytes of stdin, as far as that is known
    std::deque<WorkerLine> suspects_;
    bool alone_ = false;      // holds a suspect
    bool due_ = false;        // has done its share, or lived its time
    bool replacing_ = false;  // takes no more than it holds, then its process is replaced
    std::unique_ptr<Timer> replacement_;  // once its process has lived for so long
    std::unique_ptr<Timer> alarm_;
    bool turn_watched_ = false;  // the alarm is set for the oldest message
};

}  // namespace airy::work
