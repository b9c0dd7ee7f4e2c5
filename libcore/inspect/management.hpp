// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mq/endpoint.hpp"
#include "net/http_url.hpp"

namespace airy::inspect {

// Messages a second over the broker's last interval.
struct QueueRates {
    double publish = 0;
    double deliver = 0;  // to consumers and by basic.get
    double ack = 0;
    double redeliver = 0;
};

// A queue as RabbitMQ's management API tells of it. Absent: not told (the broker gathers statistics
// every 5 s, and a new queue has none before that).
struct QueueInfo {
    std::string name;
    std::string type;  // quorum, classic, stream
    bool durable = false;
    bool auto_delete = false;
    bool exclusive = false;
    std::string state;   // running, idle, flow, down, minority, crashed…
    std::string policy;  // empty: none
    std::optional<std::uint64_t> ready;
    std::optional<std::uint64_t> unacked;
    std::optional<std::uint64_t> consumers;
    std::optional<std::uint64_t> memory;  // bytes
    std::optional<QueueRates> rates;
    std::optional<std::int64_t> head_timestamp;  // of the oldest message, seconds since 1970
};

struct BindingInfo {
    std::string exchange;  // empty: the default exchange
    std::string destination;
    bool to_queue = true;  // false: the destination is an exchange
    std::string pattern;
};

// Reads one virtual host through RabbitMQ's management API
// (https://www.rabbitmq.com/management.html#http-api). Each call is one HTTP request that is over
// within the deadline. Holds no connection; any thread may call. Throws Error{unreachable} when
// the API cannot be reached or refuses the login, Error{not_found} for what is not there.
class Management {
  public:
    // `url` empty: the host of the broker's URL, port 15672; for amqps:// to another host than this
    // one https and 15671, so that the password stays encrypted. The login and the virtual host are
    // the broker URL's; a login in `url` comes first. Throws Error{usage}.
    Management(const mq::Endpoint& broker, std::string_view url,
               std::chrono::milliseconds deadline = std::chrono::seconds(2));

    std::vector<QueueInfo> queues() const;
    QueueInfo queue(const std::string& name) const;
    std::vector<BindingInfo> bindings() const;
    // What keeps publishers from publishing, e.g. "rabbit@host: memory". Needs the tag
    // `monitoring`.
    std::vector<std::string> alarms() const;

    // Without the login: fit to be shown.
    std::string shown_url() const { return url_.shown(); }

  private:
    std::string get(const std::string& target, std::string_view what) const;

    net::HttpUrl url_;
    net::TlsOptions tls_;
    std::string vhost_;
    std::chrono::milliseconds deadline_;
};

// What the API's answers say. Throw Error{unreachable} for text that is no such answer.
std::vector<QueueInfo> parse_queues(std::string_view json);
QueueInfo parse_queue(std::string_view json);
std::vector<BindingInfo> parse_bindings(std::string_view json);
std::vector<std::string> parse_alarms(std::string_view json);  // of /api/nodes

// The names of the broker's queues for completion in a shell; empty whenever that fails, for
// whatever reason.
std::vector<std::string> live_queue_names(const mq::Endpoint& broker,
                                          std::string_view management_url,
                                          std::chrono::milliseconds deadline) noexcept;

}  // namespace airy::inspect
