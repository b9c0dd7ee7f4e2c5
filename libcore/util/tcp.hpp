// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace airy::util {

// The bytes that the peer's system has received on this TCP connection; 0 for a descriptor of
// another kind, or none.
std::uint64_t acknowledged_bytes(int socket) noexcept;

}  // namespace airy::util
