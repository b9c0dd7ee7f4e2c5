// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "util/duration.hpp"

#include "fuzz.hpp"
#include "util/size.hpp"
#include "util/timestamp.hpp"

using namespace airy;

AIRY_FUZZ(text) {
    util::parse_rfc3339(text);
    try {
        util::parse_size(text);
    } catch (const Error&) {
    }
    AIRY_MUST(util::parse_duration(text).count() >= 0);
}
