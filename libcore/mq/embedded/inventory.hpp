// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include "mq/embedded/topology.hpp"
#include "mq/inventory.hpp"

namespace airy::mq::embedded {

// What the file holds, as `query` asks for it. A queue that is named and not in the file has its
// error in `missing`. Throws as Topology does.
Inventory take_inventory(EmbeddedTopology& topology, const InventoryQuery& query);

}  // namespace airy::mq::embedded
