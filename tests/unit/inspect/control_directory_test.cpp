// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "inspect/control_directory.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "scoped_variable.hpp"
#include "temporary_directory.hpp"
#include "util/error.hpp"

using namespace airy;
using test::ScopedVariable;
using test::TemporaryDirectory;

namespace {

mode_t mode_of(const std::string& path) {
    struct stat info {};
    return ::stat(path.c_str(), &info) == 0 ? info.st_mode & 07777 : 0;
}

}  // namespace

TEST_CASE("the directory is made under XDG_RUNTIME_DIR, closed to others") {
    const TemporaryDirectory base;
    const ScopedVariable runtime("XDG_RUNTIME_DIR", base.path().c_str());
    const auto directory = inspect::make_control_directory();
    CHECK(directory == base.path() + "/airy");
    CHECK(mode_of(directory) == 0700);
    CHECK(inspect::make_control_directory() == directory);
    CHECK(inspect::control_directories() == std::vector<std::string>{directory});
}

TEST_CASE("without XDG_RUNTIME_DIR it is the user's own under TMPDIR") {
    const TemporaryDirectory base;
    const ScopedVariable temporary("TMPDIR", base.path().c_str());
    const auto expected = base.path() + "/airy-" + std::to_string(::geteuid());
    for (const char* value : {static_cast<const char*>(nullptr), "", "relative", "/nonexistent"}) {
        const ScopedVariable runtime("XDG_RUNTIME_DIR", value);
        CHECK(inspect::make_control_directory() == expected);
        const auto searched = inspect::control_directories();
        CHECK(std::ranges::find(searched, expected) != searched.end());
    }
    CHECK(mode_of(expected) == 0700);
}

TEST_CASE("a directory that others could tamper with is refused") {
    const TemporaryDirectory base;
    const ScopedVariable runtime("XDG_RUNTIME_DIR", base.path().c_str());
    const auto path = base.path() + "/airy";

    SUBCASE("open to others") {
        ::mkdir(path.c_str(), 0700);
        ::chmod(path.c_str(), 0770);
    }
    SUBCASE("a symbolic link") {
        ::mkdir((base.path() + "/elsewhere").c_str(), 0700);
        REQUIRE(::symlink((base.path() + "/elsewhere").c_str(), path.c_str()) == 0);
    }
    SUBCASE("a file") {
        std::ofstream(path) << "x";
        ::chmod(path.c_str(), 0600);
    }
    SUBCASE("another user's") {
        if (::geteuid() != 0) return;  // only root can give a directory away
        ::mkdir(path.c_str(), 0700);
        REQUIRE(::chown(path.c_str(), 65534, 65534) == 0);
    }
    CHECK_THROWS_AS(inspect::make_control_directory(), Error);
    CHECK(inspect::control_directories().empty());
    CHECK(inspect::control_sockets().empty());
}

TEST_CASE("sockets are found by their file names, other files are not") {
    const TemporaryDirectory base;
    const ScopedVariable runtime("XDG_RUNTIME_DIR", base.path().c_str());
    const auto directory = inspect::make_control_directory();
    for (const char* name : {"b-2.t.sock", "b-10.t.sock", "a-b-3.t.sock", "b.c-4.t.sock", "x.sock",
                             "-5.t.sock", "c-.t.sock", "d-0.t.sock", "e-1x.t.sock", "f-7.t.sock.n",
                             "g-99999999999.t.sock", "h-8.sock", "i-9..sock", "notes"})
        std::ofstream(directory + "/" + name) << "";
    const auto sockets = inspect::control_sockets();
    std::string found;
    for (const auto& socket : sockets)
        found += socket.name + ":" + std::to_string(socket.pid) + " ";
    CHECK(found == ":5 a-b:3 b:2 b:10 b.c:4 ");
    CHECK(sockets[2].path == directory + "/b-2.t.sock");
    CHECK(sockets[2].token == "t");
}

TEST_CASE("a consumer's name becomes a safe file name") {
    CHECK(inspect::socket_name("orders.new-1_x") == "orders.new-1_x");
    CHECK(inspect::socket_name("../../etc/x y") == "_.._.._etc_x_y");
    CHECK(inspect::socket_name("") == "_");
    CHECK(inspect::socket_name(".hidden") == "_.hidden");
    CHECK(inspect::control_path("/run/airy", "a/b", 12, "t") == "/run/airy/a_b-12.t.sock");
}

TEST_CASE("the path always fits a socket address, or it is an error") {
    for (const int pid : {1, 4194304}) {
        const auto path = inspect::control_path("/run/airy", std::string(300, 'q'), pid, "t");
        CHECK(path.size() == 105);  // with `.n` and the final zero: all of sun_path
        CHECK(path.ends_with("q-" + std::to_string(pid) + ".t.sock"));
    }
    CHECK_THROWS_AS(inspect::control_path(std::string(100, 'd'), "q", 1, "t"), Error);
}

TEST_CASE("two sockets of one name and pid have different paths, and both may be the consumer's") {
    const auto token = inspect::new_socket_token();
    CHECK(token.size() == 8);
    CHECK(token != inspect::new_socket_token());
    const auto path = inspect::control_path("/run/airy", "a.b/c", 1, token);
    CHECK(inspect::may_be_socket_of(path, "a.b/c", 1));
    CHECK_FALSE(inspect::may_be_socket_of(path, "a.b/c", 2));
    CHECK_FALSE(inspect::may_be_socket_of(path, "a.b", 1));
}

TEST_CASE("users that may control a consumer") {
    CHECK(inspect::may_control(1000, 1000));
    CHECK(inspect::may_control(0, 1000));
    CHECK_FALSE(inspect::may_control(1001, 1000));
    CHECK_FALSE(inspect::may_control(1000, 0));
}
