// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "util/processors.hpp"

#include <doctest/doctest.h>
#include <sched.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "temporary_directory.hpp"

using airy::test::TemporaryDirectory;
using airy::util::cpu_quota;

namespace {

// A file system of its own with /proc and control groups.
struct Root : TemporaryDirectory {
    void write(const std::string& path, const std::string& text) const {
        const auto file = std::filesystem::path(this->path() + path);
        std::filesystem::create_directories(file.parent_path());
        std::ofstream(file) << text << "\n";
    }
    void mount(const std::string& group, const std::string& at, const std::string& type,
               const std::string& options) {
        mounts_ += "31 23 0:28 " + group + " " + at + " rw,relatime shared:9 - " + type + " " +
                   type + " " + options + "\n";
        write("/proc/self/mountinfo", mounts_);
    }
    std::optional<double> quota() const { return cpu_quota(path()); }

  private:
    std::string mounts_ = "22 1 0:20 / / rw - ext4 /dev/root rw\nnonsense\n";
};

}  // namespace

TEST_CASE("without control groups there is no quota") {
    const Root root;
    CHECK_FALSE(root.quota());
}

TEST_CASE("version 2: the least quota of the group and of those above it") {
    Root root;
    root.mount("/", "/sys/fs/cgroup", "cgroup2", "rw");
    root.write("/proc/self/cgroup", "0::/a/b");
    CHECK_FALSE(root.quota());
    root.write("/sys/fs/cgroup/a/b/cpu.max", "max 100000");
    CHECK_FALSE(root.quota());
    root.write("/sys/fs/cgroup/a/b/cpu.max", "250000 100000");
    CHECK(root.quota() == 2.5);
    root.write("/sys/fs/cgroup/a/cpu.max", "50000 100000");
    CHECK(root.quota() == 0.5);
    root.write("/sys/fs/cgroup/a/cpu.max", "nonsense");
    CHECK(root.quota() == 2.5);
}

TEST_CASE("version 2: a container sees its own group as the root") {
    Root root;
    root.mount("/", "/sys/fs/cgroup", "cgroup2", "rw");
    root.write("/proc/self/cgroup", "0::/");
    root.write("/sys/fs/cgroup/cpu.max", "150000 100000");
    CHECK(root.quota() == 1.5);
}

TEST_CASE("version 1: the hierarchy of the controller cpu, wherever it is mounted") {
    Root root;
    root.mount("/", "/sys/fs/cgroup/cpuset", "cgroup", "rw,cpuset");
    root.mount("/", "/cg/cpu,cpuacct", "cgroup", "rw,cpu,cpuacct");
    root.write("/proc/self/cgroup", "3:cpuset:/x\n4:cpu,cpuacct:/a\n0::/");
    root.write("/cg/cpu,cpuacct/a/cpu.cfs_quota_us", "-1");
    root.write("/cg/cpu,cpuacct/a/cpu.cfs_period_us", "100000");
    CHECK_FALSE(root.quota());
    root.write("/cg/cpu,cpuacct/a/cpu.cfs_quota_us", "200000");
    CHECK(root.quota() == 2);
}

TEST_CASE("version 1: a container's mount shows its group as the root") {
    Root root;
    root.mount("/docker/1f", "/sys/fs/cgroup/cpu", "cgroup", "rw,cpu");
    root.write("/proc/self/cgroup", "4:cpu:/docker/1f/inner");
    root.write("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "50000");
    root.write("/sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000");
    CHECK(root.quota() == 0.5);
}

TEST_CASE("the affinity bounds the processors") {
    CHECK(airy::util::usable_processors() >= 1);
    cpu_set_t former;
    REQUIRE(::sched_getaffinity(0, sizeof former, &former) == 0);
    cpu_set_t one;
    CPU_ZERO(&one);
    for (std::size_t cpu = 0; CPU_COUNT(&one) == 0; ++cpu)
        if (CPU_ISSET(cpu, &former)) CPU_SET(cpu, &one);
    REQUIRE(::sched_setaffinity(0, sizeof one, &one) == 0);
    CHECK(airy::util::usable_processors() == 1);
    ::sched_setaffinity(0, sizeof former, &former);
}
