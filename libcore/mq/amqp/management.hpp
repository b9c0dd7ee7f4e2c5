// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "mq/endpoint.hpp"
#include "mq/inventory.hpp"
#include "net/http_message.hpp"
#include "net/http_url.hpp"

namespace airy::mq::amqp {

// Reads one virtual host through RabbitMQ's management API
// (https://www.rabbitmq.com/management.html#http-api). Each call is one HTTP request that ends
// within the deadline. Holds no connection; any thread may call. Throws Error{unreachable} when the
// API cannot be reached, is another server, or refuses the login; Error{not_found} for a queue or a
// virtual host that is not there.
class Management {
  public:
    // `endpoint.management_url` empty: the host of the broker's URL, port 15672; for amqps:// to
    // another host than this one https and 15671, so that the password stays encrypted. The login
    // and the virtual host come from the broker's URL; a login in the management URL takes
    // precedence. Throws Error{usage}.
    explicit Management(const Endpoint& endpoint);

    // Of the query only `counts`, `match` and `progress`. In pages: each is an answer of its own,
    // so that the deadline holds for some queues however many there are. A queue that comes or goes
    // meanwhile may be missed or told twice.
    std::vector<QueueInfo> queues(const InventoryQuery& query = {}) const;
    QueueInfo queue(const std::string& name) const;
    std::vector<BindingInfo> bindings() const;
    // The alarms that block publishers, e.g. "rabbit@host: memory". Needs the user tag
    // `monitoring`.
    std::vector<std::string> alarms() const;

    // Without the login: safe to show.
    std::string shown_url() const { return url_.shown(); }

  private:
    net::HttpResponse ask(const std::string& target) const;
    std::string get(const std::string& target, std::string_view what) const;
    std::string virtual_host() const;  // with its name, for messages
    // Throws unless the answer is 200.
    void check(const net::HttpResponse& answer, std::string_view what) const;
    // The parsed answer; `parse` throws Error for any other text.
    template <typename Parse>
    auto read(Parse parse, std::string_view json) const;

    net::HttpUrl url_;
    net::TlsOptions tls_;
    std::string vhost_;
    std::chrono::milliseconds deadline_;
};

// A part of the list of queues.
struct QueuePage {
    std::vector<QueueInfo> queues;
    std::uint64_t pages = 1;
    std::uint64_t total = 0;  // of queues in all pages
};

// Parse the API's answers. Throw Error{unreachable} for any other text. The list of queues may also
// come whole.
QueuePage parse_queue_page(std::string_view json);
QueueInfo parse_queue(std::string_view json);
std::vector<BindingInfo> parse_bindings(std::string_view json);
std::vector<std::string> parse_alarms(std::string_view json);  // of /api/nodes

}  // namespace airy::mq::amqp
