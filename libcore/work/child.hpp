// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>

#include "work/command.hpp"
#include "work/output.hpp"
#include "work/output_pump.hpp"
#include "work/process_group.hpp"
#include "work/spawn.hpp"
#include "work/start_threads.hpp"
#include "work/timers.hpp"

namespace airy::work {

struct ChildOptions {
    std::chrono::nanoseconds timeout = std::chrono::minutes(5);  // of one run; 0 = none
    // From SIGTERM until SIGKILL.
    std::chrono::nanoseconds kill_after = std::chrono::seconds(3);
};

// Ends one run. Loop thread only.
class CancelSwitch {
  public:
    void cancel() {
        cancelled_ = true;
        if (group_ != nullptr) group_->cancel();
    }

  private:
    friend class CommandRunner;
    ProcessGroup* group_ = nullptr;  // while the command runs
    bool cancelled_ = false;
};

// One run of the command. The views, the switch and the capture must live until it has ended.
struct ChildRequest {
    std::string_view stdin_bytes{};
    std::span<const std::string> environment{};  // NAME=value, beside the runner's own
    std::string_view line_prefix{};              // before every line of its output; may be empty
    CancelSwitch* cancel = nullptr;
    OutputCapture* capture = nullptr;  // takes its stdout instead of the runner's stream
    LineSplitter::Takes take_line{};   // of its stdout
};

struct ChildResult {
    enum class Kind : std::uint8_t {
        exited,        // value: the exit status
        signalled,     // value: the signal
        timed_out,     // it was ended after the timeout
        stopped,       // ended by ask_to_stop or kill_all, or not begun because of them
        cancelled,     // ended, or not begun, because of CancelSwitch
        cannot_start,  // value: the errno; waiting will not help
    };
    Kind kind = Kind::exited;
    int value = 0;
    std::string last_line{};  // of stderr, at most 1,024 bytes
};

// Runs one command again and again, many at once, each in a process group of its own. Passes its
// output on line by line to `out` and `err`: lines of different runs never mix, a line longer than
// 64 KiB is cut, and a run does not wait for output of processes that the command left behind. Loop
// thread only; must outlive its runs. SIGCHLD must not be ignored: there would be nothing to wait
// for.
class CommandRunner {
  public:
    // Throws Error{general} when the system cannot watch processes by pidfd, or gives no thread.
    CommandRunner(boost::asio::io_context& loop, Timers& timers, Command command,
                  ChildOptions options, OutputStream& out, OutputStream& err);
    ~CommandRunner();
    CommandRunner(const CommandRunner&) = delete;
    CommandRunner& operator=(const CommandRunner&) = delete;

    // Throws nothing of its own. While processes, descriptors or memory are short, waits and tries
    // again.
    boost::asio::awaitable<ChildResult> run(ChildRequest request);

    // A run that has not started its command, since resources are short, ends as `stopped`. No
    // further run begins.
    void begin_no_more() noexcept { begin_no_more_ = true; }
    // SIGTERM to every running group, SIGKILL after kill_after. No further run begins.
    void ask_to_stop();
    // SIGKILL to every running group. No further run begins.
    void kill_all();

    std::size_t running() const noexcept { return groups_.size(); }

    // The descriptors of one run: its pidfd and the ends of two pipes.
    static constexpr std::size_t descriptors_per_run = 3;
    // Those of a start, beside them: stdin, and the other ends of the pipes.
    static constexpr std::size_t descriptors_per_start = 3;

  private:
    struct Run;

    boost::asio::awaitable<Spawned> spawn(const ChildRequest& request);  // on a start thread
    boost::asio::awaitable<int> start_when_possible(Run& run, const ChildRequest& request);

    boost::asio::io_context& loop_;
    Timers& timers_;
    ChildOptions options_;
    OutputStream& out_;
    OutputStream& err_;
    Spawner spawner_;
    std::unordered_set<ProcessGroup*> groups_;  // of the current runs
    bool begin_no_more_ = false;
    bool stopping_ = false;
    bool killing_ = false;
    bool short_of_resources_ = false;  // already reported in the log
    StartThreads start_threads_;
};

}  // namespace airy::work
