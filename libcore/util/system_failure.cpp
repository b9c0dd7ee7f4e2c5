// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "util/system_failure.hpp"

#include <cerrno>
#include <cstring>
#include <utility>

#include "util/limits.hpp"

namespace airy::util {

std::string limit_hint(int error) {
    switch (error) {
        case EMFILE:
            return file_limit();
        case ENFILE:
            return "the system has no room for open files: raise fs.file-max";
        case EAGAIN:  // of fork and of starting a thread
            return process_limit();
        case ENOMEM:
            return "there is no memory left, or its limit is reached: ulimit -v, or memory.max of "
                   "the control group";
        case EFBIG:
            return "the file may grow no further: raise ulimit -f (LimitFSIZE= of systemd)";
        case ENOSPC:
            return "the disk is full";
        case EDQUOT:
            return "the user's share of the disk is used up";
        default:
            return {};
    }
}

std::string blamed_for(int error) {
    const bool own = error == EMFILE || error == ENFILE || error == ENOMEM;
    return std::string(own ? this_process : std::string_view());
}

Error system_failure(std::string_view action, int error, ErrorKind kind,
                     std::string_view otherwise) {
    std::string message(action);
    message += ": ";
    message += std::strerror(error);
    auto hint = limit_hint(error);
    if (hint.empty()) hint = otherwise;
    return Error(kind, message, std::move(hint)).about(blamed_for(error));
}

}  // namespace airy::util
