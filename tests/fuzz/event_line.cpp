// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "event/envelope.hpp"
#include "fuzz.hpp"

using namespace airy;

const event::Catalogue catalogue(event::airy_types());

AIRY_FUZZ(text) {
    event::CompleteOptions options;
    options.custom = true;
    const auto done = event::complete(catalogue, text, options);
    // Completing a completed event changes nothing.
    event::complete(catalogue, event::to_message(done, "airy.events").body, options);
}
