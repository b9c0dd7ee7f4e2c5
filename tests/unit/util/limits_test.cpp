// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "util/limits.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/resource.h>

#include <string>

#include "util/fd.hpp"

using namespace airy;
using util::Room;

namespace {

class FileLimit {
  public:
    explicit FileLimit(rlim_t most) {
        getrlimit(RLIMIT_NOFILE, &former_);
        const rlimit limit{most, former_.rlim_max};
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    ~FileLimit() { setrlimit(RLIMIT_NOFILE, &former_); }

  private:
    rlimit former_{};
};

std::size_t free_descriptors(std::size_t most) {
    std::size_t free = 0;
    for (std::size_t fd = 0; fd < most; ++fd)
        free += ::fcntl(static_cast<int>(fd), F_GETFD) < 0 ? 1 : 0;
    return free;
}

}  // namespace

TEST_CASE("room that is there is given back") {
    for (int i = 0; i < 3; ++i)
        util::require_room({.threads = 3, .processes = 1, .descriptors = 20}, "cannot work");
    util::require_room({}, "cannot work");
}

TEST_CASE("too few descriptors: the error names the limit") {
    constexpr std::size_t most = 64;
    const FileLimit limit(most);
    const auto free = free_descriptors(most);
    util::require_room({.descriptors = free}, "cannot work");
    try {
        util::require_room({.descriptors = free + 1}, "cannot work");
        FAIL("there is no room");
    } catch (const Error& error) {
        CHECK(error.kind() == ErrorKind::general);
        CHECK(std::string(error.what()) == "cannot work: " + std::to_string(free + 1) +
                                               " more open files are needed at once: Too many open "
                                               "files");
        CHECK(error.hint() == "this process may have 64 open files (ulimit -n)");
    }
    CHECK(free_descriptors(most) == free);
}

TEST_CASE("a limit of processes has a name") {
    CHECK(util::process_limit().find("processes and threads") != std::string::npos);
    CHECK(util::thread_refused(std::system_error(EAGAIN, std::generic_category())).hint() ==
          util::process_limit());
}
