// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "util/system_failure.hpp"

#include <doctest/doctest.h>
#include <sys/resource.h>

#include <cerrno>
#include <string>

#include "util/limits.hpp"

using namespace airy;

TEST_CASE("a failed system call is told with its reason, and with the limit that was reached") {
    const auto error = util::system_failure("cannot make a pipe", EMFILE);
    CHECK(error.kind() == ErrorKind::general);
    CHECK(std::string(error.what()) == "cannot make a pipe: Too many open files");
    CHECK(error.hint().find("ulimit -n") != std::string::npos);
    CHECK(util::system_failure("x", EFBIG).hint().find("ulimit -f") != std::string::npos);
    CHECK(util::system_failure("x", EACCES, ErrorKind::usage).hint().empty());
    CHECK(util::system_failure("x", EACCES, ErrorKind::usage).kind() == ErrorKind::usage);
}

TEST_CASE("a thread starts, or the error names the limits") {
    bool ran = false;
    util::start_thread([&ran] { ran = true; }).join();
    CHECK(ran);
    // A stack that no address space holds.
    pthread_attr_t former;
    pthread_attr_t huge;
    REQUIRE(pthread_getattr_default_np(&former) == 0);
    REQUIRE(pthread_getattr_default_np(&huge) == 0);
    REQUIRE(pthread_attr_setstacksize(&huge, std::size_t{1} << 60) == 0);
    REQUIRE(pthread_setattr_default_np(&huge) == 0);
    std::string what;
    std::string hint;
    try {
        util::start_thread([] {}).join();
    } catch (const Error& error) {
        what = error.what();
        hint = error.hint();
    }
    pthread_setattr_default_np(&former);
    CHECK(what == "cannot start a thread: Resource temporarily unavailable");
    CHECK(hint.find("processes and threads") != std::string::npos);
}
