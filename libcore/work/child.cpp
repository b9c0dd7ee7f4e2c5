// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "work/child.hpp"

#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <cstring>
#include <thread>
#include <utility>

#include "util/fd.hpp"
#include "util/log.hpp"
#include "work/lines.hpp"

namespace airy::work {
namespace asio = boost::asio;
using asio::posix::stream_descriptor;
using boost::system::error_code;
using util::Fd;
namespace {

using std::chrono::milliseconds;

// After the leader's exit: how long to wait for the end of output that others may hold open.
constexpr milliseconds output_grace{100};
// How long to wait for resources when no child of ours runs that could give any back.
constexpr std::chrono::seconds shortage_patience{5};
constexpr std::size_t read_size = 64 * 1024;
// Reads in a row from one pipe before others get their turn.
constexpr int reads_a_turn = 16;

bool is_shortage(int error) noexcept {
    switch (error) {
        case EAGAIN:
        case EMFILE:
        case ENFILE:
        case ENOMEM:
        case ENOSPC:
        case ETXTBSY:  // the file is being written, as by an installation
            return true;
        default:
            return false;
    }
}

// 0 or an errno; the descriptor then belongs to `to`.
int hand_over(Fd& from, stream_descriptor& to) {
    error_code error;
    to.assign(from.get(), error);
    if (error) return error.value();
    from.release();
    return 0;
}

// A start takes its thread until the child has called exec, and there is a limit to how many the
// system starts at once.
std::size_t spawning_threads() {
    return std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, 4);
}

}  // namespace

// One run from its start until its last output. Shared by the coroutine that waits for it and the
// completion handlers that are still to come.
class Child : public std::enable_shared_from_this<Child> {
  public:
    Child(CommandRunner& runner, std::string_view prefix)
        : pidfd(runner.loop_),
          out(runner.loop_, prefix, runner.out_),
          err(runner.loop_, prefix, runner.err_),
          runner_(runner),
          deadline_(runner.loop_),
          output_end_(runner.loop_) {}

    struct Pipe {
        Pipe(asio::io_context& loop, std::string_view prefix, OutputStream& stream)
            : end(loop), lines(prefix, CommandRunner::line_limit), to(stream) {}
        stream_descriptor end;
        LineSplitter lines;
        OutputStream& to;
        bool armed = false;   // a handler will call pump
        std::size_t due = 0;  // bytes that were in it when the leader ended, and are not read yet
    };

    stream_descriptor pidfd;
    Pipe out;
    Pipe err;
    int pid = 0;

    // Takes the descriptors of a process that was started; 0 or an errno, and may be called again.
    int adopt(Spawned& spawned);
    void begin();
    asio::awaitable<ChildResult> finish();
    void ask_to_stop();
    void kill() { end_with(Ending::stop, SIGKILL); }

  private:
    enum class Ending { by_itself, timeout, stop };

    void end_with(Ending why, int signal);
    void set_deadline(std::chrono::nanoseconds after);
    void on_deadline();
    siginfo_t reap();
    void pump(Pipe& pipe);
    void arm(Pipe& pipe);
    void close(Pipe& pipe);
    bool output_open() const { return out.end.is_open() || err.end.is_open(); }
    ChildResult result(const siginfo_t& info) const;

    CommandRunner& runner_;
    Ending ending_ = Ending::by_itself;
    bool reaped_ = false;
    asio::steady_timer deadline_;
    asio::steady_timer output_end_;
};

int Child::adopt(Spawned& spawned) {
    pid = spawned.pid;
    int error = spawned.out ? hand_over(spawned.out, out.end) : 0;
    if (error == 0 && spawned.err) error = hand_over(spawned.err, err.end);
    if (error == 0) error = hand_over(spawned.pidfd, pidfd);
    return error;
}

void Child::begin() {
    pump(out);
    pump(err);
    if (ending_ == Ending::by_itself && runner_.options_.timeout.count() > 0)
        set_deadline(runner_.options_.timeout);
}

void Child::ask_to_stop() {
    if (ending_ != Ending::by_itself) return;
    end_with(Ending::stop, SIGTERM);
    set_deadline(runner_.options_.kill_after);
}

// The leader is not reaped yet, so its number still names its group.
void Child::end_with(Ending why, int signal) {
    if (reaped_) return;
    if (ending_ == Ending::by_itself) ending_ = why;
    ::kill(-pid, signal);
}

void Child::set_deadline(std::chrono::nanoseconds after) {
    deadline_.expires_after(after);
    deadline_.async_wait([self = shared_from_this()](const error_code& error) {
        if (!error && !self->reaped_) self->on_deadline();
    });
}

void Child::on_deadline() {
    if (ending_ == Ending::by_itself) {
        end_with(Ending::timeout, SIGTERM);
        set_deadline(runner_.options_.kill_after);
    } else {
        end_with(ending_, SIGKILL);
    }
}

// The leader has ended. Whoever is left of a group that was told to end is ended with it.
siginfo_t Child::reap() {
    if (ending_ != Ending::by_itself) ::kill(-pid, SIGKILL);
    siginfo_t info{};
    while (::waitid(P_PIDFD, static_cast<id_t>(pidfd.native_handle()), &info, WEXITED) != 0 &&
           errno == EINTR) {
    }
    reaped_ = true;
    deadline_.cancel();
    return info;
}

asio::awaitable<ChildResult> Child::finish() {
    error_code ignored;
    co_await pidfd.async_wait(stream_descriptor::wait_read,
                              asio::redirect_error(asio::use_awaitable, ignored));
    const siginfo_t info = reap();
    pidfd.close(ignored);
    runner_.children_.erase(this);

    for (Pipe* pipe : {&out, &err}) {
        int unread = 0;
        if (!pipe->end.is_open() || ::ioctl(pipe->end.native_handle(), FIONREAD, &unread) != 0)
            continue;
        pipe->due = static_cast<std::size_t>(unread);
        pump(*pipe);
    }
    const auto limit = asio::steady_timer::clock_type::now() + output_grace;
    while (output_open()) {
        const bool read_all = out.due == 0 && err.due == 0;
        if (read_all && asio::steady_timer::clock_type::now() >= limit) break;
        output_end_.expires_after(output_grace);
        co_await output_end_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
    if (out.end.is_open()) close(out);
    if (err.end.is_open()) close(err);
    co_return result(info);
}

ChildResult Child::result(const siginfo_t& info) const {
    using Kind = ChildResult::Kind;
    const auto& line = err.lines.last_line();
    if (ending_ == Ending::timeout) return {Kind::timed_out, 0, line};
    const bool exited = info.si_code == CLD_EXITED;
    if (ending_ == Ending::stop && !(exited && info.si_status == 0))
        return {Kind::stopped, 0, line};
    return {exited ? Kind::exited : Kind::signalled, info.si_status, line};
}

// Passes on what there is to read, then waits for more. Stops while the other side is congested:
// then the pipe fills and the child waits.
void Child::pump(Pipe& pipe) {
    static thread_local std::array<char, read_size> chunk;
    static thread_local std::string lines;
    for (int turn = 0; turn < reads_a_turn; ++turn) {
        if (!pipe.end.is_open()) return;
        if (pipe.to.congested()) return arm(pipe);
        const auto n = ::read(pipe.end.native_handle(), chunk.data(), chunk.size());
        if (n > 0) {
            pipe.due -= std::min(pipe.due, static_cast<std::size_t>(n));
            lines.clear();
            pipe.lines.feed(std::string_view(chunk.data(), static_cast<std::size_t>(n)), lines);
            pipe.to.write(lines);
        } else if (n < 0 && errno == EAGAIN) {
            return arm(pipe);
        } else if (n == 0 || errno != EINTR) {
            return close(pipe);
        }
    }
    arm(pipe);
}

void Child::arm(Pipe& pipe) {
    if (pipe.armed) return;
    pipe.armed = true;
    if (pipe.to.congested()) {
        pipe.to.when_progress([self = shared_from_this(), &pipe] {
            pipe.armed = false;
            self->pump(pipe);
        });
    } else {
        pipe.end.async_wait(stream_descriptor::wait_read,
                            [self = shared_from_this(), &pipe](const error_code& error) {
                                pipe.armed = false;
                                if (!error) self->pump(pipe);
                            });
    }
}

void Child::close(Pipe& pipe) {
    pipe.due = 0;
    std::string rest;
    pipe.lines.finish(rest);
    pipe.to.write(rest);
    error_code ignored;
    pipe.end.close(ignored);
    if (!output_open()) output_end_.cancel();
}

CommandRunner::CommandRunner(asio::io_context& loop, Command command, ChildOptions options,
                             OutputStream& out, OutputStream& err)
    : loop_(loop),
      options_(options),
      out_(out),
      err_(err),
      spawner_(std::move(command), child_environment(environ)),
      spawning_threads_(spawning_threads()) {
    // An ignored SIGCHLD, which is inherited, would leave nothing to wait for.
    ::signal(SIGCHLD, SIG_DFL);
}

CommandRunner::~CommandRunner() = default;

asio::awaitable<ChildResult> CommandRunner::run(ChildRequest request) {
    auto child = std::make_shared<Child>(*this, request.line_prefix);
    const int error = co_await start_when_possible(*child, request);
    if (error == ECANCELED) co_return ChildResult{ChildResult::Kind::stopped, 0, {}};
    if (error != 0) co_return ChildResult{ChildResult::Kind::cannot_start, error, {}};
    child->begin();
    if (killing_)
        child->kill();
    else if (stopping_)
        child->ask_to_stop();
    co_return co_await child->finish();
}

// 0, ECANCELED when stopping, or the errno of a failure that waiting does not mend.
asio::awaitable<int> CommandRunner::start_when_possible(Child& child, const ChildRequest& request) {
    asio::steady_timer pause(loop_);
    milliseconds delay{10};
    const auto began = std::chrono::steady_clock::now();
    Spawned spawned;
    while (true) {
        if (spawned.pid == 0) {
            if (stopping_) co_return ECANCELED;
            spawned =
                co_await asio::co_spawn(spawning_threads_, spawn(request), asio::use_awaitable);
        } else {
            Spawner::watch(spawned);
        }
        if (spawned.error == 0) spawned.error = child.adopt(spawned);
        if (spawned.error == 0) break;
        if (!is_shortage(spawned.error) && spawned.pid == 0) co_return spawned.error;
        // While others run, what they hold gets free. When none does, nothing will.
        const bool hopeless =
            children_.empty() && std::chrono::steady_clock::now() - began > shortage_patience;
        if (hopeless && spawned.pid == 0) co_return spawned.error;
        if (!short_of_resources_)
            util::log_warn("cannot start a command yet, trying again",
                           {{"reason", std::strerror(spawned.error)}});
        short_of_resources_ = true;
        pause.expires_after(delay);
        delay = std::min(delay * 2, milliseconds(1000));
        co_await pause.async_wait(asio::use_awaitable);
    }
    children_.insert(&child);
    co_return 0;
}

asio::awaitable<Spawned> CommandRunner::spawn(const ChildRequest& request) {
    co_return spawner_.spawn(request.stdin_bytes, request.environment);
}

void CommandRunner::ask_to_stop() {
    stopping_ = true;
    for (Child* child : children_)
        child->ask_to_stop();
}

void CommandRunner::kill_all() {
    stopping_ = true;
    killing_ = true;
    for (Child* child : children_)
        child->kill();
}

}  // namespace airy::work
