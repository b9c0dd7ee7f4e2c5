// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "event/envelope.hpp"
#include "fuzz.hpp"

using namespace airy;

AIRY_FUZZ(text) {
    event::CompleteOptions options;
    options.custom = true;
    const auto done = event::complete(text, options);
    // What was completed is complete.
    event::complete(event::to_message(done, "airy.events").body, options);
}
