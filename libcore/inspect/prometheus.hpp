// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "inspect/control_client.hpp"
#include "mq/inventory.hpp"
#include "work/status.hpp"

// Metrics in Prometheus' text format 0.0.4
// (https://prometheus.io/docs/instrumenting/exposition_formats/). Written here and not by a
// library: it is one page of text, and each shared library costs every start of airy.
namespace airy::inspect {

// Pools and settlements of these consumers, labelled by consumer, pid and queue.
std::string prometheus_text(const std::vector<work::ConsumerStatus>& consumers);

// The same of those that answer, and which do not: airy_consumer_up.
std::string prometheus_text(const std::vector<Consumer>& consumers);

// Of a publisher: from each publish to its confirm, labelled by the exchange.
std::string prometheus_text(const work::Percentiles& confirm, std::string_view exchange);

// Of queues: ready, unacked, consumers, memory, and the rates that the broker tells.
std::string prometheus_text(const std::vector<mq::QueueReport>& queues);

}  // namespace airy::inspect
