// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

namespace airy::util {

// Gives the file this content, so that who reads it meanwhile finds the old or the new one, whole:
// it is replaced by a rename, with the mode it has, and the owner where that is allowed. A link
// stays one. What is no regular file, such as a device or a FIFO, is written into instead; a FIFO
// must have a reader. Throws Error{usage} when it cannot be opened, Error{general} when it cannot
// be written. Any thread; not for the same file at once.
void write_whole_file(const std::string& path, std::string_view content);

}  // namespace airy::util
