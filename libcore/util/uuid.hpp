// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace airy::util {

// A new random UUID of version 4 (RFC 4122 section 4.4), lower case. Any thread.
std::string uuid_v4();

// The UUID of version 8 (RFC 9562 section 5.8) that is made of these 128 bits, but for the 6 of its
// version and variant. Any thread.
std::string uuid_v8(std::uint64_t high, std::uint64_t low);

// Whether it is the text form of a UUID of any version, in either case of letters.
bool is_uuid(std::string_view text) noexcept;

}  // namespace airy::util
