// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "work/answer_lines.hpp"
#include "work/child.hpp"
#include "work/output.hpp"
#include "work/output_pump.hpp"
#include "work/pipe_writer.hpp"
#include "work/process_group.hpp"
#include "work/spawn.hpp"

namespace airy::work {

// One process that reads lines on stdin and writes lines on stdout until it ends; its stderr is
// passed on. Its process group ends with it. Loop thread only. Shared by its owner and the pending
// completion handlers.
class WorkerProcess : public std::enable_shared_from_this<WorkerProcess> {
  public:
    // Is told what the process does; each call may come until `ended`, and none after `leave`.
    class Owner {
      public:
        virtual ~Owner() = default;
        virtual void line(std::string_view text) = 0;
        // No further line has been read yet.
        virtual void lines_over() = 0;
        virtual void line_too_long() = 0;
        // It has closed its stdin or stdout: it ends, or is of no use any more.
        virtual void closed_a_pipe(const char* which) = 0;
        // Last, once its stdout is read to the end: how it ended, which is exited or signalled, and
        // how many bytes of its stdin it has taken.
        virtual void ended(const ChildResult& result, std::uint64_t taken) = 0;
    };

    WorkerProcess(boost::asio::io_context& loop, Timers& timers,
                  std::chrono::nanoseconds kill_after, OutputStream& err, Owner& owner);

    // Takes a started process; 0 or an errno, and then the process is ended.
    int adopt(Spawned& spawned);
    void begin();
    int pid() const noexcept { return pid_; }

    PipeWriter& input() noexcept { return *input_; }
    // From now on no line of the process counts.
    void ignore_output();

    void ask_to_stop() { group_.ask_to_stop(); }
    void kill() { group_.kill(); }
    // Ends the process by force; the owner hears nothing of it any more.
    void leave();

  private:
    static boost::asio::awaitable<void> watch(std::shared_ptr<WorkerProcess> self);
    int adopt_pipes(Spawned& spawned);
    void read_lines();
    // Reads once; the bytes read, 0 when there is nothing to read now, or ever.
    std::size_t read_some();
    void wait_for_output();
    void take_begun_line();
    void read_the_rest();
    void end(const siginfo_t& info);

    boost::asio::io_context& loop_;
    Owner* owner_;  // null after `leave` and after the end
    int pid_ = 0;
    ProcessGroup group_;
    std::shared_ptr<PipeWriter> input_;
    boost::asio::posix::stream_descriptor output_;
    AnswerLines lines_;
    std::shared_ptr<OutputPump> err_;
};

}  // namespace airy::work
