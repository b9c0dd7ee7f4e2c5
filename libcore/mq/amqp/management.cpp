// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/amqp/management.hpp"

#include <fmt/core.h>

#include "mq/amqp/url.hpp"
#include "net/http_get.hpp"
#include "net/percent.hpp"
#include "util/error.hpp"
#include "util/json_text.hpp"
#include "util/log.hpp"
#include "util/text.hpp"

namespace airy::mq::amqp {
namespace {

constexpr net::HttpUrlKind url_kind{"management URL", 15672, 15671,
                                    "it reads http://HOST:15672 or https://HOST:15671"};

// Only the columns of QueueInfo: with a thousand queues the whole answer would be megabytes.
constexpr std::string_view queue_columns =
    "?columns=name,type,durable,auto_delete,exclusive,state,policy,memory,messages_ready,"
    "messages_unacknowledged,consumers,head_message_timestamp,message_stats.publish_details.rate,"
    "message_stats.deliver_get_details.rate,message_stats.ack_details.rate,"
    "message_stats.redeliver_details.rate";

bool is_this_host(std::string_view host) noexcept {
    return host == "localhost" || host == "::1" || host.starts_with("127.");
}

net::HttpUrl choose_url(const AmqpUrl& broker, std::string_view named) {
    net::HttpUrl url;
    if (named.empty()) {
        url.tls = broker.tls && !is_this_host(broker.host);
        url.host = broker.host;
        url.port = url.tls ? url_kind.tls_port : url_kind.port;
    } else {
        url = net::parse_http_url(named, url_kind);
    }
    if (url.user.empty()) {
        url.user = broker.user;
        url.password = broker.password;
    }
    return url;
}

// RabbitMQ's own words for a refusal, from {"error":…,"reason":…}; empty when there are none.
std::string reason_in(std::string_view body) {
    util::JsonKind kind{};
    std::vector<util::JsonMember> members;
    if (util::scan_json(body, kind, members)) return {};
    for (const auto& member : members)
        if (member.key == "reason" && member.kind == util::JsonKind::string)
            return util::printable(util::json_string(member.value));
    return {};
}

}  // namespace

Management::Management(const Endpoint& endpoint)
    : tls_(endpoint.tls), deadline_(endpoint.management_deadline) {
    const auto parts = parse_amqp_url(endpoint.url);
    url_ = choose_url(parts, endpoint.management_url);
    vhost_ = net::percent_encode(parts.vhost);
}

// `what` names the requested thing in Error{not_found}.
std::string Management::get(const std::string& target, std::string_view what) const {
    net::HttpResponse answer;
    util::log_info("asking the management API",
                   {{"url", shown_url()}, {"path", target.substr(0, target.find('?'))}});
    try {
        answer = net::http_get(url_, "/api/" + target, tls_, deadline_);
    } catch (const Error& error) {
        throw Error(
            Reason::management_unreachable,
            fmt::format("cannot ask the management API at {}: {}", shown_url(), error.what()),
            "is RabbitMQ running there? rabbitmq-plugins enable rabbitmq_management turns the API "
            "on");
    }
    if (answer.status == 200) return std::move(answer.body);
    if (answer.status == 404)
        throw Error(ErrorKind::not_found, fmt::format("there is no {}", what));

    const std::string reason = reason_in(answer.body);
    if (answer.status == 401 || answer.status == 403)
        throw Error(
            Reason::access_refused,
            fmt::format("the management API at {} refused the login of '{}'{}{}", shown_url(),
                        util::printable(url_.user), reason.empty() ? "" : ": ", reason),
            "is the password right, and has the user the tag 'management' or "
            "'monitoring'?");
    throw Error(Reason::management_unusable,
                fmt::format("the management API at {} answered {}{}{}", shown_url(), answer.status,
                            reason.empty() ? "" : ": ", reason));
}

std::vector<QueueInfo> Management::queues() const {
    return parse_queues(
        get(fmt::format("queues/{}{}", vhost_, queue_columns), "such virtual host"));
}

QueueInfo Management::queue(const std::string& name) const {
    return parse_queue(
        get(fmt::format("queues/{}/{}{}", vhost_, net::percent_encode(name), queue_columns),
            fmt::format("queue '{}'", util::printable(name))));
}

std::vector<BindingInfo> Management::bindings() const {
    return parse_bindings(get(
        fmt::format("bindings/{}?columns=source,destination,destination_type,routing_key", vhost_),
        "such virtual host"));
}

std::vector<std::string> Management::alarms() const {
    return parse_alarms(get("nodes?columns=name,running,mem_alarm,disk_free_alarm", "node"));
}

}  // namespace airy::mq::amqp
