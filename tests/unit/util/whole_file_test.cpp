// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "util/whole_file.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "util/error.hpp"
#include "util/fd.hpp"

namespace fs = std::filesystem;
using airy::Error;
using airy::ErrorKind;
using airy::util::write_whole_file;

namespace {

struct Directory {
    fs::path path;
    Directory() {
        std::string name = (fs::temp_directory_path() / "airy-whole.XXXXXX").string();
        REQUIRE(::mkdtemp(name.data()) != nullptr);
        path = name;
    }
    ~Directory() { fs::remove_all(path); }
    std::string operator/(const char* name) const { return (path / name).string(); }
};

std::string content_of(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
}

mode_t mode_of(const std::string& path) {
    struct stat status {};
    REQUIRE(::lstat(path.c_str(), &status) == 0);
    return status.st_mode;
}

ErrorKind refusal(const std::string& path) {
    try {
        write_whole_file(path, "x");
    } catch (const Error& error) {
        return error.kind();
    }
    FAIL("written");
    return ErrorKind::general;
}

}  // namespace

TEST_CASE("a file is made, then replaced with its mode") {
    const Directory directory;
    const auto file = directory / "file";
    write_whole_file(file, "old");
    CHECK(content_of(file) == "old");
    REQUIRE(::chmod(file.c_str(), 0640) == 0);
    std::ifstream reader(file);
    write_whole_file(file, "new");
    CHECK(content_of(file) == "new");
    CHECK((mode_of(file) & 07777) == 0640);
    std::string read;
    reader >> read;
    CHECK(read == "old");  // a reader keeps the whole old file
    CHECK_FALSE(fs::exists(file + ".part"));
}

TEST_CASE("a link stays a link, also to a missing file") {
    const Directory directory;
    fs::create_directory(directory.path / "sub");
    for (const char* name : {"sub/there", "sub/new"}) {
        CAPTURE(name);
        if (name == std::string("sub/there")) write_whole_file(directory / name, "old");
        fs::create_symlink(name, directory.path / "link");
        write_whole_file(directory / "link", "new");
        CHECK(fs::is_symlink(directory.path / "link"));
        CHECK(content_of(directory / name) == "new");
        fs::remove(directory.path / "link");
    }
}

TEST_CASE("a FIFO stays a FIFO: its reader gets the content; without a reader it is an error") {
    const Directory directory;
    const auto fifo = directory / "fifo";
    REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
    CHECK(refusal(fifo) == ErrorKind::usage);
    const airy::util::Fd reader(::open(fifo.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    write_whole_file(fifo, "content");
    std::array<char, 16> read{};
    CHECK(::read(reader.get(), read.data(), read.size()) == 7);
    CHECK(std::string(read.data()) == "content");
    CHECK(S_ISFIFO(mode_of(fifo)));
}

TEST_CASE("a file that cannot be opened is wrong usage") {
    const Directory directory;
    CHECK(refusal(directory.path.string()) == ErrorKind::usage);
    CHECK(refusal(directory / "no/file") == ErrorKind::usage);
}
