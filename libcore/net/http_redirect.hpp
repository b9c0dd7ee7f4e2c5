// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "net/http_url.hpp"

namespace airy::net {

// The target of a redirect that stays within its origin, the scheme, host and port of `from`
// (RFC 6454): `location` is the value of the header Location, resolved against the target of the
// request as RFC 3986 section 5.2 says, without its fragment. nullopt: it leads to another origin,
// or is no reference that can be followed. Pure; any thread.
std::optional<std::string> redirect_target(const HttpResource& from, std::string_view location);

}  // namespace airy::net
