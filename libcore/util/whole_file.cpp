// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "util/whole_file.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>

#include "util/error.hpp"
#include "util/fd.hpp"
#include "util/system_failure.hpp"
#include "util/text.hpp"

namespace airy::util {
namespace {

// The regular file to be replaced, links followed.
struct Place {
    std::string path;
    std::optional<struct stat> former;  // none: the file is new
};

struct Free {
    void operator()(char* text) const noexcept { std::free(text); }
};

// nullopt for anything else, such as a link to a missing file, which opening creates.
std::optional<Place> place_of(const std::string& path) {
    struct stat status {};
    if (::stat(path.c_str(), &status) == 0) {
        const std::unique_ptr<char, Free> real(::realpath(path.c_str(), nullptr));
        if (!S_ISREG(status.st_mode) || !real) return std::nullopt;
        return Place{real.get(), status};
    }
    if (::lstat(path.c_str(), &status) == 0) return std::nullopt;
    return Place{path, std::nullopt};
}

[[noreturn]] void cannot_write(const std::string& path, ErrorKind kind, int error) {
    const auto action = fmt::format("cannot write to '{}'", printable(path));
    if (error == ENXIO) throw Error(kind, action + ": nobody reads from it");
    throw system_failure(action, error, kind);
}

// Returns 0 or an errno.
int write_all(int fd, std::string_view text) {
    while (!text.empty()) {
        const auto n = ::write(fd, text.data(), text.size());
        if (n >= 0)
            text.remove_prefix(static_cast<std::size_t>(n));
        else if (errno != EINTR)
            return errno;
    }
    return 0;
}

void write_into(const std::string& path, std::string_view content) {
    // Non-blocking only while it is opened: a FIFO without a reader is an error, not a wait.
    const Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0666));
    if (!fd) cannot_write(path, ErrorKind::usage, errno);
    ::fcntl(fd.get(), F_SETFL, ::fcntl(fd.get(), F_GETFL) & ~O_NONBLOCK);
    if (const int error = write_all(fd.get(), content))
        cannot_write(path, ErrorKind::general, error);
}

}  // namespace

void write_whole_file(const std::string& path, std::string_view content) {
    const auto place = place_of(path);
    if (!place) {
        write_into(path, content);
        return;
    }
    const std::string early = place->path + ".part";
    // A file that only its owner may read stays so while it is written.
    Fd fd(::open(early.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
                 place->former ? 0600 : 0666));
    if (!fd) cannot_write(path, ErrorKind::usage, errno);
    int error = write_all(fd.get(), content);
    if (error == 0 && place->former) {
        // Only root may give a file to another user; the file is written in any case.
        if (::fchown(fd.get(), place->former->st_uid, place->former->st_gid) != 0) errno = 0;
        if (::fchmod(fd.get(), place->former->st_mode & 07777) != 0) error = errno;
    }
    if (::close(fd.release()) != 0 && error == 0) error = errno;
    if (error == 0 && ::rename(early.c_str(), place->path.c_str()) != 0) error = errno;
    if (error == 0) return;
    ::unlink(early.c_str());
    cannot_write(path, ErrorKind::general, error);
}

}  // namespace airy::util
