// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "inspect/control_client.hpp"
#include "mq/inventory.hpp"
#include "top/listing.hpp"
#include "top/sparkline.hpp"

namespace airy::tools::top {

// All that is known of pools and queues, and what the operator has chosen to see of it. Knows
// neither terminal nor clock. Main thread.
class Model {
  public:
    enum class Pane { pools, queues };

    explicit Model(Charset charset);

    // One more look, a second after the one before.
    void take_pools(std::vector<inspect::Consumer> consumers);
    void take_queues(std::vector<mq::QueueReport> queues);

    Pane pane() const noexcept { return pane_; }
    void switch_pane() noexcept { pane_ = pane_ == Pane::pools ? Pane::queues : Pane::pools; }

    const Listing& pools() const noexcept { return pools_; }
    const Listing& queues() const noexcept { return queues_; }
    Listing& listing() noexcept { return pane_ == Pane::pools ? pools_ : queues_; }

    // The consumer that is selected, or the first on this host that works on the selected queue.
    const inspect::Consumer* selected() const;
    // By the id of its row; nullptr when it has ended.
    const inspect::Consumer* consumer(const std::string& id) const;
    const History& handled(const std::string& id) const;

    const std::vector<mq::QueueReport>& reports() const noexcept { return reports_; }

    // Which consumers do not keep up, and why: a line for each.
    struct Trouble {
        std::string text;
        Tone tone;
    };
    const std::vector<Trouble>& troubles() const noexcept { return troubles_; }

    // Why there are queues without rates; empty: there are none such.
    const std::string& rates_note() const noexcept { return rates_note_; }

    // Of the sparklines in the tables, in columns.
    void set_spark_width(std::size_t width);

    Charset charset() const noexcept { return charset_; }

  private:
    struct QueueHistory {
        History publish;
        History deliver;
        History ack;
    };

    void list_pools();
    void list_queues();

    Charset charset_;
    Pane pane_ = Pane::pools;
    std::size_t spark_width_ = 10;
    std::vector<inspect::Consumer> consumers_;
    std::vector<Trouble> troubles_;
    std::vector<mq::QueueReport> reports_;
    std::string rates_note_;
    std::map<std::string, History> handled_;               // by row id
    std::map<std::string, QueueHistory> queue_histories_;  // by queue
    Listing pools_;
    Listing queues_;
};

// Of a consumer's row.
std::string id_of(const inspect::Consumer& consumer);

}  // namespace airy::tools::top
