// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "stats/recording.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>

#include "inspect/report.hpp"
#include "output/stream.hpp"
#include "util/error.hpp"
#include "util/text.hpp"
#include "util/whole_file.hpp"

namespace airy::tools::stats {
namespace {

[[noreturn]] void cannot(std::string_view what, const std::string& path, ErrorKind kind) {
    throw Error(
        kind, fmt::format("cannot {} '{}': {}", what, util::printable(path), std::strerror(errno)));
}

}  // namespace

RecordingFile::RecordingFile(const std::string& path)
    : path_(path), file_(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666)) {
    if (!file_) cannot("write", path, ErrorKind::usage);
}

void RecordingFile::append(std::string_view lines) {
    while (!lines.empty()) {
        const auto n = ::write(file_.get(), lines.data(), lines.size());
        if (n < 0 && errno != EINTR) cannot("write", path_, ErrorKind::general);
        if (n > 0) lines.remove_prefix(static_cast<std::size_t>(n));
    }
}

void write_report(const std::string& recording, const std::string& page) {
    std::ifstream file;
    if (!recording.empty()) {
        file.open(recording);
        if (!file) cannot("read", recording, ErrorKind::usage);
    } else if (output::stdin_is_terminal()) {
        throw Error(ErrorKind::usage, "--report needs a recording",
                    "airy stats --record FILE --report FILE.html, or pipe it in");
    }
    std::istream& in = recording.empty() ? std::cin : file;
    const auto html = inspect::html_report(in, "airy stats");
    util::write_whole_file(page, html);
    output::note(fmt::format("airy: wrote {}", util::printable(page)));
}

}  // namespace airy::tools::stats
