// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

namespace airy::util {

// Gives the file this content, so that a reader finds the old or the new content, whole: a rename
// replaces the file and keeps its mode, and its owner where that is allowed. A symbolic link stays
// a link. A device or a FIFO is written into instead; a FIFO must have a reader. Throws
// Error{usage} when the file cannot be opened, Error{general} when it cannot be written. Any
// thread, but one at a time for one file.
void write_whole_file(const std::string& path, std::string_view content);

}  // namespace airy::util
