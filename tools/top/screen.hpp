// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "top/frame.hpp"
#include "top/model.hpp"

namespace airy::tools::top {

// At most size.rows lines. Pools and queues share the screen; each shows the rows around its
// selected row.
std::vector<Line> overview(const Model& model, const Surroundings& around, Size size);

// The help: each key and its action.
std::vector<Line> help(Size size);

}  // namespace airy::tools::top
