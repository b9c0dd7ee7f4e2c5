// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "util/fd.hpp"

// Recordings of `airy stats`: JSON lines in a file, and the HTML page made of them.
namespace airy::tools::stats {

// Appends samples, so that a later run can continue a recording.
class RecordingFile {
  public:
    // Throws Error{usage} when the file cannot be written, or is neither empty nor a recording.
    explicit RecordingFile(const std::string& path);

    // Writes whole lines. Throws Error{general}, e.g. on a full disk.
    void append(std::string_view lines);

  private:
    std::string path_;
    util::Fd file_;
};

// Reads the recording, or stdin where `recording` is empty, and writes the HTML page as
// write_whole_file does. Throws Error, {usage} where the page would replace the recording. Reports
// the number of lines that are no samples.
void write_report(const std::string& recording, const std::string& page);

}  // namespace airy::tools::stats
