// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/embedded/place.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <linux/stat.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "util/error.hpp"
#include "util/system_failure.hpp"
#include "util/text.hpp"

namespace airy::mq::embedded {

Error unusable_place(const std::string& path, int cause) {
    return util::system_failure(fmt::format("cannot open the broker in {}", util::printable(path)),
                                cause, ErrorKind::unreachable,
                                "does its directory exist, and may you write there?");
}

namespace {

Error cannot_open(const std::string& path, std::string_view why, std::string hint) {
    return Error(ErrorKind::unreachable,
                 fmt::format("cannot open the broker in {}: {}", util::printable(path), why),
                 std::move(hint));
}

Error unsafe(const std::string& path, std::string_view why, std::string hint) {
    return cannot_open(path, why, std::move(hint)).as_permanent();
}

// Must not open an existing file: closing it would drop SQLite's locks of this process (fcntl(2),
// "Record locks").
void make_file(const std::string& path) {
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd >= 0)
        ::close(fd);
    else if (errno != EEXIST)
        throw unusable_place(path, errno);
}

// The spaces of a path are written as \040 there, and three other characters likewise.
std::string unescaped(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto digits = text.substr(std::min(text.size(), i + 1), 3);
        const bool octal = text[i] == '\\' && digits.size() == 3 &&
                           std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '7'; });
        if (!octal) {
            out += text[i];
            continue;
        }
        out += static_cast<char>((digits[0] - '0') * 64 + (digits[1] - '0') * 8 + digits[2] - '0');
        i += 3;
    }
    return out;
}

// Linux before 5.8 does not tell it by statx(2).
bool is_mounted(const std::string& path, const struct statx& status) {
    if ((status.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT) != 0)
        return (status.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
    std::ostringstream mounts;
    mounts << std::ifstream("/proc/self/mountinfo").rdbuf();
    return is_mount_point(mounts.str(), path);
}

constexpr std::string_view mount_the_directory =
    "mount the directory that holds it; with the file alone, confirmed events would be lost";

void check_one(const std::string& path) {
    struct statx status {};
    if (::statx(AT_FDCWD, path.c_str(), 0, STATX_BASIC_STATS, &status) != 0) return;
    if (is_mounted(path, status))
        throw unsafe(path,
                     "it is a mount of its own, such as a container's -v FILE:FILE, so that "
                     "processes outside have another log for it",
                     std::string(mount_the_directory));
    if (S_ISREG(status.stx_mode) && status.stx_nlink > 1)
        throw unsafe(path,
                     fmt::format("it has {} names (hard links), and each name has a log of its own",
                                 status.stx_nlink),
                     fmt::format("find DIRECTORY -inum {} shows the names: remove all but one; to "
                                 "reach it from elsewhere, mount the directory or make a "
                                 "symbolic link",
                                 status.stx_ino));
}

}  // namespace

std::string find_place(const Location& location) {
    std::error_code error;
    // Absolute, since SQLite takes some relative names for something else, such as ":memory:".
    const auto given = std::filesystem::absolute(location.path, error).lexically_normal().string();
    if (error) throw unusable_place(location.path, error.value());
    if (location.create) make_file(given);
    const auto path = std::filesystem::canonical(given, error).string();
    const int cause = error.value();
    if (cause == ENOENT && std::filesystem::is_symlink(given, error))
        throw cannot_open(given, "it is a symbolic link to a file that does not exist",
                          "make the link's target, or remove the link");
    if (cause == ENOENT && !location.create)
        throw cannot_open(given, ::strerror(ENOENT),
                          "its URL says create=no; without that the file is made");
    if (cause != 0) throw unusable_place(given, cause);
    if (std::filesystem::is_directory(path, error))
        throw cannot_open(given, ::strerror(EISDIR), "name a file in it");
    if (!std::filesystem::is_regular_file(path, error))
        throw cannot_open(given, "it is no regular file", "give another path");
    return path;
}

void check_place(const std::string& path) {
    for (const auto* const suffix : {"", "-wal", "-shm", "-run"})
        check_one(path + suffix);
    struct statfs system {};
    if (::statfs(path.c_str(), &system) != 0) return;
    if (const auto name = shared_file_system(static_cast<long>(system.f_type)); !name.empty())
        throw unsafe(path,
                     fmt::format("it is on a network file system ({}), where processes of "
                                 "different hosts do not see each other's log",
                                 name),
                     "put the file on a local disk; consumers on other hosts need RabbitMQ");
}

bool is_mount_point(std::string_view mountinfo, std::string_view path) {
    while (!mountinfo.empty()) {
        auto line = mountinfo.substr(0, mountinfo.find('\n'));
        mountinfo.remove_prefix(std::min(mountinfo.size(), line.size() + 1));
        // The mount point is the fifth field.
        for (int field = 1; field < 5; ++field)
            line.remove_prefix(std::min(line.size(), line.find(' ') + 1));
        if (unescaped(line.substr(0, line.find(' '))) == path) return true;
    }
    return false;
}

// The numbers are those of the kernel's magic.h and of each file system's own sources. FUSE and 9p
// are left out: virtual machines and containers mount local directories by them.
std::string_view shared_file_system(long type) noexcept {
    switch (static_cast<unsigned long>(type) & 0xffffffffUL) {
        case 0x6969:
            return "NFS";
        case 0x517b:
        case 0xfe534d42:
        case 0xff534d42:
            return "SMB";
        case 0x5346414f:
        case 0x6b414653:
            return "AFS";
        case 0x73757245:
            return "Coda";
        case 0x00c36400:
            return "Ceph";
        case 0x0bd00bd0:
            return "Lustre";
        case 0x47504653:
            return "GPFS";
        case 0x19830326:
            return "BeeGFS";
        case 0x7461636f:
            return "OCFS2";
        case 0x01161970:
            return "GFS2";
        default:
            return {};
    }
}

}  // namespace airy::mq::embedded
