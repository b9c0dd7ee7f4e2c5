// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "work/spawn.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "util/error.hpp"
#include "util/signals.hpp"
#include "util/system_failure.hpp"

namespace airy::work {
namespace {

using util::Fd;

// A file in memory with these bytes and its offset at their start; 0 or an errno.
int make_stdin(std::string_view bytes, Fd& file) {
    file.reset(::memfd_create("airy-message", MFD_CLOEXEC));
    if (!file) return errno;
    for (std::size_t done = 0; done < bytes.size();) {
        const auto n = ::pwrite(file.get(), bytes.data() + done, bytes.size() - done,
                                static_cast<off_t>(done));
        if (n < 0 && errno != EINTR) return errno;
        if (n > 0) done += static_cast<std::size_t>(n);
    }
    return 0;
}

// A pipe of which the end `ours`, one of both, does not block; 0 or an errno.
int make_pipe(Fd& reading, Fd& writing, const Fd& ours) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return errno;
    reading.reset(ends[0]);
    writing.reset(ends[1]);
    return ::fcntl(ours.get(), F_SETFL, O_NONBLOCK) == 0 ? 0 : errno;
}

Error cannot_watch_processes(int error) {
    constexpr auto action = "cannot watch processes: pidfd_open";
    if (error != ENOSYS && error != EPERM) return util::system_failure(action, error);
    return Error(ErrorKind::general, util::system_failure(action, error).what(),
                 "Linux 5.4 or newer is needed, and no filter that forbids the call");
}

}  // namespace

bool is_shortage(int error) noexcept {
    switch (error) {
        case EAGAIN:
        case EMFILE:
        case ENFILE:
        case ENOMEM:
        case ENOSPC:
        case ETXTBSY:  // another process, such as an installation, is writing the file
            return true;
        default:
            return false;
    }
}

Spawner::Spawner(Command command, std::vector<std::string> environment)
    : command_(std::move(command)),
      environment_(std::move(environment)),
      empty_stdin_(::open("/dev/null", O_RDONLY | O_CLOEXEC)) {
    for (auto& word : command_.argv)
        argv_.push_back(word.data());
    argv_.push_back(nullptr);
    const Fd probe(static_cast<int>(::syscall(SYS_pidfd_open, ::getpid(), 0)));
    if (!probe) throw cannot_watch_processes(errno);
    posix_spawnattr_init(&attributes_);
    util::default_signals_in_child(attributes_);
    short flags = 0;
    posix_spawnattr_getflags(&attributes_, &flags);
    posix_spawnattr_setpgroup(&attributes_, 0);
    posix_spawnattr_setflags(&attributes_, static_cast<short>(flags | POSIX_SPAWN_SETPGROUP));
}

Spawner::~Spawner() {
    posix_spawnattr_destroy(&attributes_);
}

Spawned Spawner::spawn(std::string_view stdin_bytes,
                       std::span<const std::string> environment) const {
    Spawned spawned;
    Fd in;
    spawned.error = stdin_bytes.empty() ? 0 : make_stdin(stdin_bytes, in);
    if (spawned.error == 0) spawn_reading(in ? in.get() : empty_stdin_.get(), environment, spawned);
    return spawned;
}

Spawned Spawner::spawn_with_pipe(std::span<const std::string> environment) const {
    Spawned spawned;
    Fd in;
    spawned.error = make_pipe(in, spawned.in, spawned.in);
    if (spawned.error == 0) spawn_reading(in.get(), environment, spawned);
    return spawned;
}

void Spawner::spawn_reading(int in, std::span<const std::string> environment,
                            Spawned& spawned) const {
    Fd out;
    Fd err;
    int error = make_pipe(spawned.out, out, spawned.out);
    if (error == 0) error = make_pipe(spawned.err, err, spawned.err);
    if (error == 0) error = start(in, out.get(), err.get(), environment, spawned.pid);
    spawned.error = error;
    if (error == 0) watch(spawned);
}

void Spawner::watch(Spawned& spawned) {
    spawned.pidfd.reset(static_cast<int>(::syscall(SYS_pidfd_open, spawned.pid, 0)));
    spawned.error = spawned.pidfd ? 0 : errno;
}

int Spawner::start(int in, int out, int err, std::span<const std::string> environment,
                   int& pid) const {
    std::vector<char*> variables;
    variables.reserve(environment_.size() + environment.size() + 1);
    for (const auto& entry : environment_)
        variables.push_back(const_cast<char*>(entry.c_str()));
    for (const auto& entry : environment)
        variables.push_back(const_cast<char*>(entry.c_str()));
    variables.push_back(nullptr);

    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, err, STDERR_FILENO);
    const int error = ::posix_spawn(&pid, command_.path.c_str(), &actions, &attributes_,
                                    argv_.data(), variables.data());
    posix_spawn_file_actions_destroy(&actions);
    if (error != 0) pid = 0;
    return error;
}

}  // namespace airy::work
