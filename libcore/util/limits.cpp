// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "util/limits.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "util/control_groups.hpp"
#include "util/fd.hpp"

namespace airy::util {
namespace {

// With no more room than this, a cgroup is the limit that was met.
constexpr std::uint64_t almost_none = 8;

// The first number in a file; absent: there is none, such as `max`.
std::optional<std::uint64_t> number_in(const std::string& path) {
    std::ifstream file(path);
    std::uint64_t number = 0;
    if (!(file >> number)) return std::nullopt;
    return number;
}

// pids.max of the cgroup with the least room, where that is almost none.
std::optional<std::uint64_t> full_cgroup() {
    std::optional<std::uint64_t> found;
    std::uint64_t least = almost_none;
    for (const auto& group : control_groups("pids")) {
        const auto most = number_in(group.folder + "/pids.max");
        const auto now = number_in(group.folder + "/pids.current");
        if (!most || !now) continue;
        const auto room = *most - std::min(*most, *now);
        if (room > least) continue;
        least = room;
        found = most;
    }
    return found;
}

std::string limit_text(const rlimit& limit) {
    return limit.rlim_cur == RLIM_INFINITY ? "no limit" : std::to_string(limit.rlim_cur);
}

// Threads that exist until this is destroyed.
class Crowd {
  public:
    ~Crowd() {
        {
            const std::lock_guard lock(mutex_);
            leave_ = true;
        }
        left_.notify_all();
        for (auto& thread : threads_)
            thread.join();
    }
    void add() {
        threads_.emplace_back([this] {
            std::unique_lock lock(mutex_);
            left_.wait(lock, [this] { return leave_; });
        });
    }

  private:
    std::mutex mutex_;
    std::condition_variable left_;
    bool leave_ = false;
    std::vector<std::thread> threads_;
};

// 0, or the errno of the fork. One process at a time: each is gone before the next one.
int try_process() {
    const pid_t pid = ::fork();
    if (pid == 0) ::_exit(0);
    if (pid < 0) return errno;
    while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
    }
    return 0;
}

void require_processes(const Room& room, std::string_view what) {
    Crowd crowd;
    try {
        // A process takes the place of a thread.
        const auto crowded = room.threads + (room.processes > 0 ? room.processes - 1 : 0);
        for (std::size_t i = 0; i < crowded; ++i)
            crowd.add();
        if (room.processes > 0)
            if (const int error = try_process(); error != 0)
                throw std::system_error(error, std::generic_category());
    } catch (const std::system_error& error) {
        throw Error(ErrorKind::general,
                    fmt::format("{}: {} more threads and {} processes are needed at once: {}", what,
                                room.threads, room.processes, error.code().message()),
                    process_limit());
    }
}

void require_descriptors(const Room& room, std::string_view what) {
    std::vector<Fd> taken;
    for (std::size_t i = 0; i < room.descriptors; ++i) {
        taken.emplace_back(::open("/dev/null", O_RDONLY | O_CLOEXEC));
        if (!taken.back())
            throw Error(ErrorKind::general,
                        fmt::format("{}: {} more open files are needed at once: {}", what,
                                    room.descriptors, std::strerror(errno)),
                        file_limit());
    }
}

}  // namespace

std::string process_limit() {
    if (const auto most = full_cgroup())
        return fmt::format("the cgroup allows {} processes and threads (pids.max)", *most);
    rlimit limit{};
    if (::getrlimit(RLIMIT_NPROC, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY &&
        ::geteuid() != 0)
        return fmt::format("the user may have {} processes and threads (ulimit -u)",
                           limit.rlim_cur);
    return "the system's limit of processes and threads, or of memory, is reached";
}

std::string file_limit() {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    return fmt::format("this process may have {} open files (ulimit -n)", limit_text(limit));
}

Error thread_refused(const std::system_error& error) {
    return {ErrorKind::general, "cannot start a thread: " + error.code().message(),
            process_limit()};
}

void require_room(const Room& room, std::string_view what) {
    require_descriptors(room, what);
    require_processes(room, what);
}

}  // namespace airy::util
