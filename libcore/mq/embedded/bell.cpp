// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/embedded/bell.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <linux/futex.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "util/error.hpp"
#include "util/system_failure.hpp"
#include "util/text.hpp"

namespace airy::mq::embedded {
namespace {

static_assert(std::atomic<std::uint32_t>::is_always_lock_free);

[[noreturn]] void fail(const std::string& path, const char* action) {
    const int cause = errno;
    throw util::system_failure(fmt::format("cannot {} {}", action, util::printable(path)), cause,
                               ErrorKind::unreachable,
                               "the broker's directory must be writable and on a local disk");
}

}  // namespace

Bell::Bell(const std::string& path)
    : fd_(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)) {
    if (!fd_) fail(path, "open");
    struct stat status {};
    if (::fstat(fd_.get(), &status) != 0) fail(path, "look at");
    // The bytes are written, since ftruncate() takes no room on the disk: a write to such a page
    // through the mapping could end in SIGBUS.
    const std::uint32_t zero = 0;
    if (status.st_size < static_cast<off_t>(sizeof zero) &&
        ::pwrite(fd_.get(), &zero, sizeof zero, 0) != sizeof zero)
        fail(path, "write");
    void* const at = ::mmap(nullptr, sizeof zero, PROT_READ | PROT_WRITE, MAP_SHARED, fd_.get(), 0);
    if (at == MAP_FAILED) fail(path, "share memory through");
    word_ = static_cast<std::atomic<std::uint32_t>*>(at);
}

Bell::~Bell() {
    ::munmap(word_, sizeof *word_);
}

void Bell::ring() noexcept {
    word_->fetch_add(1, std::memory_order_release);
    ::syscall(SYS_futex, word_, FUTEX_WAKE, 1, nullptr, nullptr, 0);
}

void Bell::wait(std::uint32_t seen, std::chrono::nanoseconds limit) const noexcept {
    timespec timeout{};
    timeout.tv_sec = limit / std::chrono::seconds(1);
    timeout.tv_nsec = (limit % std::chrono::seconds(1)).count();
    ::syscall(SYS_futex, word_, FUTEX_WAIT, seen, &timeout, nullptr, 0);
}

}  // namespace airy::mq::embedded
