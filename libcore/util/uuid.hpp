// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

namespace airy::util {

// A new random UUID of version 4 (RFC 4122 section 4.4), lower case. Any thread.
std::string uuid_v4();

// Whether it is the text form of a UUID of any version, in either case of letters.
bool is_uuid(std::string_view text) noexcept;

}  // namespace airy::util
