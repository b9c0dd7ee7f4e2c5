// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "inspect/control_client.hpp"
#include "util/json_writer.hpp"
#include "work/status.hpp"

namespace airy::inspect {

// A consumer's status as one JSON object without a line end: the control socket's answer and the
// line of `stats pools --output json`. Keys are kept from release to release.
std::string to_json(const work::ConsumerStatus& status);

// Adds the same members. For a consumer that does not answer, the state is `not answering` and the
// figures are null.
void add_members(util::JsonObject& json, const Consumer& consumer);

// Reads a status back; missing keys (another release wrote it) stay at their defaults, unknown keys
// are skipped. Throws Error{general} when the JSON is not an object.
work::ConsumerStatus parse_consumer_status(std::string_view json);

}  // namespace airy::inspect
