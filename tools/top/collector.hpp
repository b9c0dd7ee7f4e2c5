// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "inspect/control_client.hpp"
#include "stats/snapshot.hpp"

namespace airy::tools::top {

// The news since the last call.
struct News {
    std::optional<std::vector<inspect::Consumer>> consumers;
    std::optional<std::vector<mq::QueueReport>> queues;  // also absent when the look failed
    std::optional<std::vector<std::string>> queue_notes;
    std::vector<std::string> messages;  // results of orders
};

// An order about one consumer.
struct Order {
    inspect::Consumer consumer;
    inspect::ControlOperation operation = inspect::ControlOperation::status;
    int slots = 0;  // for resize: the change, which may be negative
};

// Looks at pools and at queues each second and carries out orders, on three threads of its own, so
// that a broker or a consumer that hangs delays neither the screen nor the keys. All calls: main
// thread.
class Collector {
  public:
    Collector(stats::Selection selection, mq::Endpoint endpoint);
    // Waits for threads that are about to end; a thread that hangs in a call is left to the end of
    // the process, see `stop`.
    ~Collector();
    Collector(const Collector&) = delete;
    Collector& operator=(const Collector&) = delete;

    // Readable when there is news.
    int fd() const noexcept;
    News take();
    void give(Order order);

    // Ends the threads. False when one still hangs in a call after `patience`: then the process
    // must end without the destructors of objects that the thread uses.
    bool stop(std::chrono::milliseconds patience);

  private:
    struct Shared;
    std::shared_ptr<Shared> shared_;  // shared with the threads, which may outlive this
};

}  // namespace airy::tools::top
