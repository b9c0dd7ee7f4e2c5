// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "queue_show.hpp"

#include <algorithm>
#include <vector>

#include "complaints.hpp"
#include "mq/inventory.hpp"
#include "output/metrics.hpp"
#include "output/stream.hpp"
#include "util/clock.hpp"

namespace airy::tools {
namespace {

// The retry queues of the queue, where the broker lists its queues.
std::vector<mq::QueueReport> retry_queues(mq::Broker& broker, const std::string& name) {
    mq::InventoryQuery wanted;
    for (const auto& report : broker.inventory({.counts = false}).queues)
        if (mq::is_retry_queue_of(report.queue.name, name))
            wanted.queues.push_back(report.queue.name);
    if (wanted.queues.empty()) return {};
    return broker.inventory(wanted).queues;
}

}  // namespace

int show_queue(mq::Broker& broker, const std::string& name, bool json) {
    auto own = broker.inventory({.queues = {name}, .bindings = true});
    raise(own.missing);
    const auto& report = own.queues.front();
    auto companions = broker.inventory({.queues = {mq::dead_letter_queue_of(name)}}).queues;
    if (own.degraded.empty())
        std::ranges::move(retry_queues(broker, name), std::back_inserter(companions));
    output::print(json ? output::queue_details_json(report, companions, util::system_clock().now())
                       : output::queue_details(report, companions));
    output::flush();
    if (!own.degraded.empty())
        output::note(own.degraded + "; type, arguments and bindings are not known");
    return 0;
}

}  // namespace airy::tools
