// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "publish/rejects.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <cerrno>

#include "util/system_failure.hpp"

namespace airy::tools::publish {

Rejects::Rejects(const std::string& path, char separator) : path_(path), separator_(separator) {
    if (path.empty()) return;
    fd_.reset(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666));
    if (!fd_)
        throw util::system_failure(fmt::format("cannot write to '{}'", path), errno,
                                   ErrorKind::usage);
}

void Rejects::add(std::string_view record) {
    if (!fd_) return;
    std::string text(record);
    text += separator_;
    std::string_view rest = text;
    while (!rest.empty()) {
        const auto n = ::write(fd_.get(), rest.data(), rest.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) throw util::system_failure(fmt::format("cannot write to '{}'", path_), errno);
        rest.remove_prefix(static_cast<std::size_t>(n));
    }
}

}  // namespace airy::tools::publish
