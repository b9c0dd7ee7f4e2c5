// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "input/records.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "util/error.hpp"

namespace airy::tools::input {
namespace {

constexpr std::size_t chunk = 256 * 1024;  // bytes for each read

}  // namespace

bool is_piped_in() {
    struct stat status {};
    if (::fstat(STDIN_FILENO, &status) != 0) return false;
    return S_ISFIFO(status.st_mode) || S_ISREG(status.st_mode) || S_ISSOCK(status.st_mode);
}

Records::Records(int fd, char separator, std::size_t limit)
    : fd_(fd), separator_(separator), limit_(limit) {}

Records::Record Records::take(std::size_t length, std::size_t separator_length) {
    const std::string_view text(buffer_.data() + start_, std::min(length, limit_));
    start_ += length + separator_length;
    searched_ = start_;
    return {++count_, text, length > limit_};
}

std::optional<Records::Record> Records::next() {
    for (;;) {
        const auto end = buffer_.find(separator_, searched_);
        if (end != std::string::npos) {
            if (skipping_) {
                skipping_ = false;
                start_ = searched_ = end + 1;
                continue;
            }
            return take(end - start_, 1);
        }
        searched_ = buffer_.size();
        if (skipping_) {
            start_ = buffer_.size();
        } else if (buffer_.size() - start_ > limit_) {
            skipping_ = !ended_;
            return take(buffer_.size() - start_, 0);
        } else if (ended_ && start_ < buffer_.size()) {
            return take(buffer_.size() - start_, 0);
        }
        return std::nullopt;
    }
}

bool Records::fill() {
    if (ended_) return false;
    if (start_ > 0) {
        buffer_.erase(0, start_);
        searched_ -= start_;
        start_ = 0;
    }
    const std::size_t before = buffer_.size();
    buffer_.resize(before + chunk);
    ssize_t n;
    do
        n = ::read(fd_, buffer_.data() + before, chunk);
    while (n < 0 && errno == EINTR);
    const int error = errno;
    buffer_.resize(before + static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
    if (n < 0 && error == EAGAIN) return true;
    if (n < 0)
        throw Error(ErrorKind::general, std::string("cannot read the input: ") + strerror(error));
    bytes_read_ += static_cast<std::uint64_t>(n);
    if (n == 0) ended_ = true;
    return n > 0;
}

}  // namespace airy::tools::input
