// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "util/fd.hpp"

namespace airy::tools::publish {

// The file of `--rejects`, for records that were not published. Main thread.
class Rejects {
  public:
    // `path` empty: there is no file. Throws Error{usage} for one that cannot be written.
    Rejects(const std::string& path, char separator);

    bool wanted() const noexcept { return static_cast<bool>(fd_); }

    // Throws Error{general} when writing fails.
    void add(std::string_view record);

  private:
    std::string path_;
    char separator_;
    util::Fd fd_;
};

}  // namespace airy::tools::publish
