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
// (https://prometheus.io/docs/instrumenting/exposition_formats/). No library: the format is one
// page of text, and each shared library slows every start of airy.
namespace airy::inspect {

// The metrics of these consumers' pools and settlements, labelled by consumer and queue: a restart
// goes on with the same series. Consumers of one name and queue are summed up. airy_consumer_info
// alone has the pid and the version of each.
std::string prometheus_text(const std::vector<work::ConsumerStatus>& consumers);

// The same for the consumers that answer, and airy_consumer_up for each name: whether all of them
// answer.
std::string prometheus_text(const std::vector<Consumer>& consumers);

// A publisher's metric: the time from each publish to its confirm, labelled by the exchange.
std::string prometheus_text(const work::Percentiles& confirm, std::string_view exchange);

// The queues' metrics: ready, unacked, consumers, memory, and the rates that the broker tells.
std::string prometheus_text(const std::vector<mq::QueueReport>& queues);

}  // namespace airy::inspect
