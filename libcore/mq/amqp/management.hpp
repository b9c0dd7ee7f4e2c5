// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "mq/endpoint.hpp"
#include "mq/inventory.hpp"
#include "net/http_url.hpp"

namespace airy::mq::amqp {

// Reads one virtual host through RabbitMQ's management API
// (https://www.rabbitmq.com/management.html#http-api). Each call is one HTTP request that ends
// within the deadline. Holds no connection; any thread may call. Throws Error{unreachable} when the
// API cannot be reached or refuses the login, Error{not_found} for a queue or a virtual host that
// is not there.
class Management {
  public:
    // `endpoint.management_url` empty: the host of the broker's URL, port 15672; for amqps:// to
    // another host than this one https and 15671, so that the password stays encrypted. The login
    // and the virtual host come from the broker's URL; a login in the management URL takes
    // precedence. Throws Error{usage}.
    explicit Management(const Endpoint& endpoint);

    std::vector<QueueInfo> queues() const;
    QueueInfo queue(const std::string& name) const;
    std::vector<BindingInfo> bindings() const;
    // The alarms that block publishers, e.g. "rabbit@host: memory". Needs the user tag
    // `monitoring`.
    std::vector<std::string> alarms() const;

    // Without the login: safe to show.
    std::string shown_url() const { return url_.shown(); }

  private:
    std::string get(const std::string& target, std::string_view what) const;

    net::HttpUrl url_;
    net::TlsOptions tls_;
    std::string vhost_;
    std::chrono::milliseconds deadline_;
};

// Parse the API's answers. Throw Error{unreachable} for any other text.
std::vector<QueueInfo> parse_queues(std::string_view json);
QueueInfo parse_queue(std::string_view json);
std::vector<BindingInfo> parse_bindings(std::string_view json);
std::vector<std::string> parse_alarms(std::string_view json);  // of /api/nodes

}  // namespace airy::mq::amqp
