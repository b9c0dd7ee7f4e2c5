// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "work/worker_process.hpp"

#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <cerrno>
#include <utility>
#include <variant>

#include "work/worker_protocol.hpp"

namespace airy::work {
namespace asio = boost::asio;
using asio::posix::stream_descriptor;
using boost::system::error_code;
namespace {

constexpr std::size_t output_read = 64 * 1024;
// Reads in a row from one process before others get their turn.
constexpr int output_reads_a_turn = 16;

}  // namespace

WorkerProcess::WorkerProcess(asio::io_context& loop, Timers& timers,
                             std::chrono::nanoseconds kill_after, OutputStream& err, Owner& owner)
    : loop_(loop),
      owner_(&owner),
      group_(loop, timers, kill_after),
      input_(std::make_shared<PipeWriter>(loop)),
      output_(loop),
      lines_(answer_limit),
      err_(std::make_shared<OutputPump>(loop, "", err)) {
    group_.end_together();
}

int WorkerProcess::adopt(Spawned& spawned) {
    const int error = spawned.error == 0 ? adopt_pipes(spawned) : spawned.error;
    pid_ = spawned.pid;
    if (error == 0 || pid_ == 0) return error;
    ::kill(-pid_, SIGKILL);
    while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
    return error;
}

int WorkerProcess::adopt_pipes(Spawned& spawned) {
    if (const int error = group_.adopt(spawned.pid, spawned.pidfd); error != 0) return error;
    if (const int error = input_->adopt(spawned.in); error != 0) return error;
    if (const int error = err_->adopt(spawned.err); error != 0) return error;
    error_code error;
    output_.assign(spawned.out.get(), error);
    if (!error) spawned.out.release();
    return error.value();
}

void WorkerProcess::begin() {
    err_->begin([] {});
    input_->begin([this] {
        if (owner_ != nullptr) owner_->closed_a_pipe("stdin");
    });
    asio::co_spawn(loop_, watch(shared_from_this()), asio::detached);
    wait_for_output();
}

asio::awaitable<void> WorkerProcess::watch(std::shared_ptr<WorkerProcess> self) {
    const siginfo_t info = co_await self->group_.ended();
    self->end(info);
}

void WorkerProcess::wait_for_output() {
    output_.async_wait(stream_descriptor::wait_read,
                       [self = shared_from_this()](const error_code& error) {
                           if (!error) self->read_lines();
                       });
}

void WorkerProcess::read_lines() {
    int reads = 0;
    while (reads < output_reads_a_turn && read_some() > 0)
        ++reads;
    if (reads > 0 && owner_ != nullptr) owner_->lines_over();
    if (output_.is_open()) wait_for_output();
}

std::size_t WorkerProcess::read_some() {
    static thread_local std::array<char, output_read> chunk;
    if (!output_.is_open()) return 0;
    const auto n = ::read(output_.native_handle(), chunk.data(), chunk.size());
    if (n < 0) return 0;  // EAGAIN; a later read tells of anything else again
    if (n == 0) {
        take_begun_line();
        ignore_output();
        if (owner_ != nullptr) owner_->closed_a_pipe("stdout");
        return 0;
    }
    const std::string_view bytes(chunk.data(), static_cast<std::size_t>(n));
    const bool fits = lines_.feed(bytes, [this](std::string_view line) {
        if (output_.is_open()) owner_->line(line);
        return output_.is_open();
    });
    if (!fits) owner_->line_too_long();
    return bytes.size();
}

void WorkerProcess::ignore_output() {
    error_code ignored;
    output_.close(ignored);
    lines_.rest();
}

void WorkerProcess::leave() {
    owner_ = nullptr;
    ignore_output();
    input_->close();
    group_.kill();
}

// The end of its output: an answer without a line end counts.
void WorkerProcess::take_begun_line() {
    if (owner_ == nullptr || !output_.is_open()) return;
    const auto rest = lines_.rest();
    if (std::holds_alternative<WorkerAnswer>(read_answer(rest))) owner_->line(rest);
}

// Its last bytes are in the pipe. A process that it left behind may go on to write there, so no
// more than these are read.
void WorkerProcess::read_the_rest() {
    int due = 0;
    if (!output_.is_open() || ::ioctl(output_.native_handle(), FIONREAD, &due) != 0) return;
    for (auto left = static_cast<std::size_t>(due); left > 0;) {
        const auto n = read_some();
        if (n == 0) break;
        left -= std::min(left, n);
    }
    take_begun_line();
}

void WorkerProcess::end(const siginfo_t& info) {
    if (owner_ != nullptr) read_the_rest();
    err_->writer_ended();
    if (err_->passed_on()) err_->close();
    auto* const owner = std::exchange(owner_, nullptr);
    if (owner == nullptr) return;
    const auto taken = input_->taken();
    ignore_output();
    input_->close();
    const auto kind =
        info.si_code == CLD_EXITED ? ChildResult::Kind::exited : ChildResult::Kind::signalled;
    owner->ended({kind, info.si_status, err_->last_line()}, taken);
}

}  // namespace airy::work
