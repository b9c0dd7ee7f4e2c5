// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "private_rabbit.hpp"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <thread>

namespace airy::test {

PrivateRabbit::PrivateRabbit() {
    std::string pattern = (std::filesystem::temp_directory_path() / "airy-rabbit.XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp " + pattern);
    directory_ = pattern;
    script("start " + directory_ + " --owner " + std::to_string(::getpid()));
    std::ifstream env(directory_ + "/env");
    constexpr std::string_view start = "export AIRY_URL=";
    for (std::string line; std::getline(env, line);)
        if (line.starts_with(start)) url_ = line.substr(start.size());
    if (url_.empty()) throw std::runtime_error(directory_ + "/env names no AIRY_URL");
}

PrivateRabbit::~PrivateRabbit() {
    try {
        script("stop " + directory_ + " --now");
    } catch (const std::runtime_error&) {
        // The node also stops when its owner ends.
    }
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
}

void PrivateRabbit::stop() const {
    script("stop " + directory_);
}

void PrivateRabbit::kill() const {
    script("kill " + directory_);
}

void PrivateRabbit::wait_until_kept(const std::string& queue) const {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (std::chrono::steady_clock::now() < deadline) {
        for (const auto& system :
             std::filesystem::directory_iterator(directory_ + "/data/node/quorum")) {
            std::ifstream file(system.path() / "names.dets", std::ios::binary);
            const std::string names(std::istreambuf_iterator<char>(file), {});
            if (names.find(queue) != std::string::npos) return;
        }
    }
    throw std::runtime_error("the node does not write down that it has " + queue);
}

void PrivateRabbit::restart() const {
    script("restart " + directory_);
}

void PrivateRabbit::freeze() const {
    ::kill(pid(), SIGSTOP);
    // A thread stops only when it next runs.
    const auto tasks = "/proc/" + std::to_string(pid()) + "/task";
    const auto stopped = [](const std::filesystem::directory_entry& task) {
        std::ifstream file(task.path() / "stat");
        std::string text;
        std::getline(file, text);
        return text.empty() || text.find(") T ") != std::string::npos;
    };
    while (!std::ranges::all_of(std::filesystem::directory_iterator(tasks), stopped))
        std::this_thread::yield();
}

void PrivateRabbit::thaw() const {
    ::kill(pid(), SIGCONT);
}

void PrivateRabbit::ctl(const std::string& arguments) const {
    script("ctl " + directory_ + " -q " + arguments);
}

void PrivateRabbit::script(const std::string& arguments) const {
    const auto command = std::string(AIRY_RABBIT_SCRIPT) + " " + arguments;
    if (std::system(command.c_str()) != 0) throw std::runtime_error("failed: " + command);
}

int PrivateRabbit::pid() const {
    std::ifstream file(directory_ + "/node.pid");
    pid_t pid = 0;
    if (!(file >> pid)) throw std::runtime_error("no node runs in " + directory_);
    return pid;
}

}  // namespace airy::test
