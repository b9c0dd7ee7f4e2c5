// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <string>
#include <vector>

#include "inspect/control_client.hpp"
#include "mq/inventory.hpp"
#include "top/listing.hpp"
#include "top/sparkline.hpp"

namespace airy::tools::top {

// The data about pools and queues, and the operator's choice of what to show. Independent of
// terminal and clock. Main thread.
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

    // The selected consumer, or the first on this host that works on the selected queue.
    const inspect::Consumer* selected() const;
    // The consumer of a row id; nullptr when it has ended.
    const inspect::Consumer* consumer(const std::string& id) const;
    const History& handled(const std::string& id) const;

    const std::vector<mq::QueueReport>& reports() const noexcept { return reports_; }

    // A line for each consumer that does not keep up, with the reason.
    struct Trouble {
        std::string text;
        Tone tone;
    };
    const std::vector<Trouble>& troubles() const noexcept { return troubles_; }

    // Why some queues have no rates; empty: all have rates.
    const std::string& rates_note() const noexcept { return rates_note_; }

    // The width of the sparklines in the tables, in columns.
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
