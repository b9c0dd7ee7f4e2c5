// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "demo/child.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "mq/schemes.hpp"
#include "util/error.hpp"
#include "util/fd.hpp"
#include "util/signals.hpp"
#include "util/system_failure.hpp"
#include "work/command.hpp"

namespace airy::tools::demo {
namespace {

constexpr int password_fd = 3;        // in the child
constexpr int end_deadline = 10'000;  // milliseconds

int exit_status(int wait_status) {
    return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

util::Fd file_in_memory(const std::string& text) {
    util::Fd fd(::memfd_create("airy-demo", MFD_CLOEXEC));
    if (!fd || ::write(fd.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()))
        throw util::system_failure("cannot make a file in memory", errno);
    return fd;
}

std::string own_path() {
    std::error_code error;
    const auto path = std::filesystem::read_symlink("/proc/self/exe", error);
    if (error) throw Error(ErrorKind::general, "cannot find the own program: " + error.message());
    return path.string();
}

void add_broker(std::vector<std::string>& arguments, const mq::Endpoint& endpoint) {
    const auto add = [&arguments](const char* flag, const std::string& value) {
        if (!value.empty()) arguments.insert(arguments.begin() + 1, {flag, value});
    };
    const auto& scheme = mq::scheme_of(endpoint.url);
    add("--url", scheme.without_password(endpoint.url));
    if (scheme.can.has(mq::Capability::login))
        add("--password-file", fmt::format("/dev/fd/{}", password_fd));
    add("--cacert", endpoint.tls.ca_file);
    add("--cert", endpoint.tls.cert_file);
    add("--key", endpoint.tls.key_file);
    if (endpoint.tls.insecure) arguments.insert(arguments.begin() + 1, "--insecure");
}

}  // namespace

Child start_airy(const mq::Endpoint& endpoint, std::vector<std::string> arguments) {
    add_broker(arguments, endpoint);
    // setpriv (util-linux, which Debian always has) kills the child when this process is killed.
    arguments.insert(arguments.begin(), {"setpriv", "--pdeathsig", "TERM", own_path()});
    std::vector<char*> argv;
    for (auto& argument : arguments)
        argv.push_back(argument.data());
    argv.push_back(nullptr);
    auto variables = work::child_environment(environ);  // without credentials
    std::vector<char*> environment;
    for (auto& variable : variables)
        environment.push_back(variable.data());
    environment.push_back(nullptr);
    const util::Fd password =
        file_in_memory(mq::scheme_of(endpoint.url).password_of(endpoint.url) + "\n");

    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_adddup2(&files, password.get(), password_fd);
    util::default_signals_in_child(attributes);
    pid_t pid = -1;
    const int error =
        ::posix_spawnp(&pid, "setpriv", &files, &attributes, argv.data(), environment.data());
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
    if (error != 0) throw util::system_failure("cannot start a consumer", error);
    return Child(pid);
}

std::optional<int> Child::ended() {
    int wait_status = 0;
    if (!status_ && pid_ > 0 && ::waitpid(pid_, &wait_status, WNOHANG) == pid_)
        status_ = exit_status(wait_status);
    return status_;
}

void Child::ask_to_end() noexcept {
    if (pid_ > 0 && !ended()) ::kill(pid_, SIGTERM);
}

void Child::end() noexcept {
    if (pid_ <= 0 || ended()) return;
    ask_to_end();
    const util::Fd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
    pollfd waiting{pidfd.get(), POLLIN, 0};
    if (::poll(&waiting, 1, end_deadline) <= 0) ::kill(pid_, SIGKILL);
    int wait_status = 0;
    if (::waitpid(pid_, &wait_status, 0) == pid_) status_ = exit_status(wait_status);
}

}  // namespace airy::tools::demo
