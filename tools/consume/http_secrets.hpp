// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "net/http_message.hpp"
#include "net/http_url.hpp"

namespace airy::tools::consume {

// The texts that a service may repeat, and nobody may see. Each is there as it is, and as it reads
// inside a JSON string.

// Those of headers: their values; their words of 8 bytes and more; all behind the first word, such
// as the token of `Bearer TOKEN`; the parts of a list and the values in them, such as those of a
// cookie; and the user and the password of `Basic`.
std::vector<std::string> secrets_of(const std::vector<net::HttpHeader>& headers);

// Those of a URL: its user and password, the header that is made of them, and the values of its
// query, also decoded.
std::vector<std::string> secrets_of(const net::HttpResource& resource);

}  // namespace airy::tools::consume
