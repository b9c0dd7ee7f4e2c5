// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "util/fd.hpp"

// Recordings of `airy stats`: JSON lines in a file, and the page that is made of them.
namespace airy::tools::stats {

// Samples are appended, so that a recording can be gone on with.
class RecordingFile {
  public:
    // Throws Error{usage} when it cannot be written, or holds something else than a recording.
    explicit RecordingFile(const std::string& path);

    // Whole lines. Throws Error{general}, e.g. on a full disk.
    void append(std::string_view lines);

  private:
    std::string path_;
    util::Fd file_;
};

// Reads the recording, or stdin where `recording` is empty, and writes the HTML page as
// write_whole_file does. Throws Error, {usage} where the page would take the recording's place.
// Notes how many lines are no samples.
void write_report(const std::string& recording, const std::string& page);

}  // namespace airy::tools::stats
