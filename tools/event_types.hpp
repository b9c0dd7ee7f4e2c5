// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "event/catalogue.hpp"

namespace airy::tools {

// The event types that every command knows.
const event::Catalogue& catalogue();

// The command line that publishes an example of the type.
std::string example_command(const event::EventType& type);

}  // namespace airy::tools
