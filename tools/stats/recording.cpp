// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "stats/recording.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <iostream>

#include "inspect/report.hpp"
#include "output/stream.hpp"
#include "util/error.hpp"
#include "util/system_failure.hpp"
#include "util/text.hpp"
#include "util/whole_file.hpp"

namespace airy::tools::stats {
namespace {

[[noreturn]] void cannot(std::string_view what, const std::string& path, ErrorKind kind) {
    const int error = errno;
    throw util::system_failure(fmt::format("cannot {} '{}'", what, util::printable(path)), error,
                               kind);
}

// Whether samples may be appended: the file is empty or a recording. Devices and pipes are not
// checked.
bool is_recording(const std::string& path) {
    struct stat info {};
    if (::stat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode) || info.st_size == 0)
        return true;
    std::ifstream file(path);
    std::string line;
    if (!std::getline(file, line)) cannot("read", path, ErrorKind::usage);
    // Checks only the beginning: a kill may have torn the line.
    return line.starts_with(R"({"kind":"pool",)") || line.starts_with(R"({"kind":"queue",)");
}

// Whether the file ends inside a line, as after a killed recorder or on a full disk.
bool is_torn(const std::string& path) {
    std::ifstream file(path, std::ios::ate);
    if (!file || file.tellg() <= 0) return false;
    file.seekg(-1, std::ios::end);
    return file.get() != '\n';
}

// Whether `path` names the input file: `recording`, or stdin where that is empty.
bool is_read(const std::string& path, const std::string& recording) {
    struct stat read {};
    struct stat written {};
    const int told =
        recording.empty() ? ::fstat(STDIN_FILENO, &read) : ::stat(recording.c_str(), &read);
    return told == 0 && ::stat(path.c_str(), &written) == 0 && S_ISREG(read.st_mode) &&
           read.st_dev == written.st_dev && read.st_ino == written.st_ino;
}

}  // namespace

RecordingFile::RecordingFile(const std::string& path)
    : path_(path), file_(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666)) {
    if (!file_) cannot("write", path, ErrorKind::usage);
    if (!is_recording(path))
        throw Error(ErrorKind::usage, fmt::format("'{}' is no recording", util::printable(path)),
                    "--record begins a new file, or goes on with one of its own");
    // The torn line is lost; the first new sample must not be.
    if (is_torn(path)) append("\n");
}

void RecordingFile::append(std::string_view lines) {
    while (!lines.empty()) {
        const auto n = ::write(file_.get(), lines.data(), lines.size());
        if (n < 0 && errno != EINTR) cannot("write", path_, ErrorKind::general);
        if (n > 0) lines.remove_prefix(static_cast<std::size_t>(n));
    }
}

void write_report(const std::string& recording, const std::string& page) {
    const std::string early = page + ".part";
    for (const auto& written : {page, early})
        if (is_read(written, recording))
            throw Error(ErrorKind::usage,
                        fmt::format("--report would write over the recording '{}'",
                                    util::printable(written)),
                        "give the page another name, e.g. night.html");
    std::ifstream file;
    if (!recording.empty()) {
        file.open(recording);
        if (!file) cannot("read", recording, ErrorKind::usage);
    } else if (output::stdin_is_terminal()) {
        throw Error(ErrorKind::usage, "--report needs a recording",
                    "airy stats --record FILE --report FILE.html, or pipe it in");
    }
    std::istream& in = recording.empty() ? std::cin : file;
    const auto report = inspect::html_report(in, "airy stats");
    if (report.skipped > 0)
        output::note(
            fmt::format("airy: skipped {} of the recording's lines that {}, the first is line {}",
                        report.skipped, report.skipped == 1 ? "is no sample" : "are no samples",
                        report.first_skipped));
    util::write_whole_file(page, report.html);
    output::note(fmt::format("airy: wrote {}", util::printable(page)));
}

}  // namespace airy::tools::stats
