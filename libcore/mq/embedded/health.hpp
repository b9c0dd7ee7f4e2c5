// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "mq/embedded/location.hpp"

// The state of the broker's file, for an operator.
namespace airy::mq::embedded {

// Contract: Broker::alarms. Publishers wait while another process keeps the file locked.
std::vector<std::string> alarms_of(const Location& location);

// Contract: Broker::concerns. The log grows while another process reads an old state of the file.
std::vector<std::string> concerns_of(const Location& location);

}  // namespace airy::mq::embedded
