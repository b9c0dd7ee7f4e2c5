// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "net/http_message.hpp"

namespace airy::tools::consume {

// The headers that the options give: each of `options` is `NAME: VALUE` or `NAME: @FILE`, and
// `file`, unless empty, has one `NAME: VALUE` a line, beside empty lines and those that begin with
// `#`. Throws Error{usage} that names the option, and shows no value.
std::vector<net::HttpHeader> read_http_headers(const std::vector<std::string>& options,
                                               const std::string& file);

}  // namespace airy::tools::consume
