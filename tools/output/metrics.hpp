// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "inspect/control_client.hpp"
#include "mq/inventory.hpp"
#include "util/clock.hpp"

// Consumers and queues as tables for people and as JSON lines for programs.
namespace airy::tools::output {

// Fits the width to the terminal where stdout is one.
std::string pool_table(const std::vector<inspect::Consumer>& consumers);
// A line for each consumer that does not keep up, with the reason. The queues help to find it.
std::string trouble_lines(const std::vector<inspect::Consumer>& consumers,
                          const std::vector<mq::QueueReport>& queues);
std::string queue_table(const std::vector<mq::QueueReport>& queues);
std::string binding_table(const std::vector<mq::QueueReport>& queues);

// All figures of one consumer that has answered, one in a line.
std::string pool_details(const inspect::Consumer& consumer);

// One object and its line end. A consumer that does not answer has the state `not answering`, and
// its figures are null. The queues help to find its trouble.
std::string pool_json(const inspect::Consumer& consumer, util::SystemTime now,
                      const std::vector<mq::QueueReport>& queues = {});
// `bindings` is a key only if they were asked for; null: unknown. `broker` is its URL, masked;
// empty: not told.
std::string queue_json(const mq::QueueReport& report, util::SystemTime now,
                       bool with_bindings = false, std::string_view broker = {});

// All about one queue. `companions` are the queues for its dead letters and its retries.
std::string queue_details(const mq::QueueReport& report,
                          const std::vector<mq::QueueReport>& companions);
std::string queue_details_json(const mq::QueueReport& report,
                               const std::vector<mq::QueueReport>& companions,
                               util::SystemTime now);

}  // namespace airy::tools::output
