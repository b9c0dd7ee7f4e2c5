// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string_view>

namespace airy::util {

// Bytes from `512`, `64KiB`, `10MB`, `1.5GiB`: B, KB MB GB TB (powers of 1000), KiB MiB GiB TiB
// (powers of 1024). Throws Error{usage} that gives the value and the accepted form; the caller
// names the flag.
std::uint64_t parse_size(std::string_view text);

}  // namespace airy::util
