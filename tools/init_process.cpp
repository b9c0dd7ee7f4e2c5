// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "init_process.hpp"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <optional>
#include <string>

#include "environment.hpp"
#include "util/system_failure.hpp"

namespace airy::tools {
namespace {

bool is_child = false;

// Reaps all children that have ended. Returns the exit status of `worker` once it is among them.
std::optional<int> reap(pid_t worker) noexcept {
    std::optional<int> ended;
    int status = 0;
    while (true) {
        const pid_t pid = ::waitpid(-1, &status, WNOHANG);
        if (pid < 0 && errno == EINTR) continue;
        if (pid <= 0) return ended;
        if (pid == worker)
            ended = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    }
}

// A key of the terminal sends its signal to the worker as well, which is in the same process group.
[[noreturn]] void look_after(pid_t worker, const sigset_t& signals) noexcept {
    while (true) {
        siginfo_t info{};
        const int signal = ::sigwaitinfo(&signals, &info);
        if (signal == SIGCHLD) {
            if (const auto status = reap(worker)) ::_exit(*status);
        } else if (signal > 0 && info.si_code != SI_KERNEL) {
            ::kill(worker, signal);
        }
    }
}

// The service manager's watchdog expects the process that does the work.
void take_over_watchdog(pid_t from) {
    if (environment("WATCHDOG_PID") == std::to_string(from))
        ::setenv("WATCHDOG_PID", std::to_string(::getpid()).c_str(), 1);
}

// Returns in the child. All signals are blocked from before the fork, so that the parent misses
// none.
void split() {
    const pid_t parent = ::getpid();
    sigset_t all;
    sigset_t former;
    sigfillset(&all);
    ::sigprocmask(SIG_SETMASK, &all, &former);
    const pid_t child = ::fork();
    const int error = errno;
    if (child > 0) look_after(child, all);
    ::sigprocmask(SIG_SETMASK, &former, nullptr);
    if (child < 0) throw util::system_failure("cannot start a process", error);
    is_child = true;
    take_over_watchdog(parent);
}

}  // namespace

void leave_duties_of_process_1() {
    if (::getpid() == 1) split();
}

void leave_orphans_to_a_parent() {
    if (is_child) return;  // of process 1, which does the same
    if (::prctl(PR_SET_CHILD_SUBREAPER, 1) != 0)
        throw util::system_failure("cannot take orphans in", errno);
    const pid_t parent = ::getpid();
    split();
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (::getppid() != parent) ::raise(SIGTERM);  // it was killed meanwhile
}

}  // namespace airy::tools
