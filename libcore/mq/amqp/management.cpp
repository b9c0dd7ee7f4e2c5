// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/amqp/management.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <iterator>
#include <utility>

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

constexpr int page_size = 500;  // queues; RabbitMQ's limit

// Only the columns of QueueInfo: with a thousand queues the whole answer would be megabytes.
constexpr std::string_view queue_columns =
    "columns=name,type,durable,auto_delete,exclusive,state,policy,memory,messages_ready,"
    "messages_unacknowledged,consumers,head_message_timestamp,message_stats.publish_details.rate,"
    "message_stats.deliver_get_details.rate,message_stats.ack_details.rate,"
    "message_stats.redeliver_details.rate,arguments,effective_policy_definition";

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

// The longest piece of a shell pattern that each matching name contains; ASCII only, as RabbitMQ
// compares other characters in its own way.
std::string_view literal_part(std::string_view match) {
    const auto ends_piece = [](char c) {
        return std::string_view("*?[]\\").find(c) != std::string_view::npos ||
               static_cast<unsigned char>(c) >= 0x80;
    };
    std::string_view longest;
    while (!match.empty()) {
        const auto end = std::ranges::find_if(match, ends_piece);
        const auto piece = match.substr(0, static_cast<std::size_t>(end - match.begin()));
        if (piece.size() > longest.size()) longest = piece;
        match.remove_prefix(piece.size());
        if (match.starts_with('[')) break;  // the end of the bracket is fnmatch's to know
        match.remove_prefix(std::min<std::size_t>(match.starts_with('\\') ? 2 : 1, match.size()));
    }
    return longest;
}

// RabbitMQ answers 404 with this body for a thing that is not there; another server, or RabbitMQ
// under another path, with none of its own.
bool is_object_not_found(std::string_view body) {
    util::JsonKind kind{};
    std::vector<util::JsonMember> members;
    if (util::scan_json(body, kind, members)) return false;
    return std::ranges::any_of(members, [](const util::JsonMember& member) {
        return member.key == "error" && member.kind == util::JsonKind::string &&
               util::json_string(member.value) == "Object Not Found";
    });
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

net::HttpResponse Management::ask(const std::string& target) const {
    util::log_info("asking the management API",
                   {{"url", shown_url()}, {"path", target.substr(0, target.find('?'))}});
    try {
        return net::http_get(url_, "/api/" + target, tls_, deadline_);
    } catch (const Error& error) {
        const auto message =
            fmt::format("cannot ask the management API at {}: {}", shown_url(), error.what());
        if (error.kind() == ErrorKind::usage) throw error.reworded(message);
        if (error.reason() == Reason::answer_late) throw Error(Reason::management_late, message);
        throw Error(
            Reason::management_unreachable, message,
            "is RabbitMQ running there? rabbitmq-plugins enable rabbitmq_management turns the API "
            "on");
    }
}

// `what` names the requested thing in Error{not_found}.
void Management::check(const net::HttpResponse& answer, std::string_view what) const {
    if (answer.status == 200) return;
    if (answer.status == 404 && is_object_not_found(answer.body))
        throw Error(ErrorKind::not_found,
                    fmt::format("the management API at {} has no {}", shown_url(), what));
    if (answer.status == 404)
        throw Error(Reason::management_unusable,
                    fmt::format("no management API at {}: it answered 404", shown_url()));

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

std::string Management::get(const std::string& target, std::string_view what) const {
    auto answer = ask(target);
    check(answer, what);
    return std::move(answer.body);
}

template <typename Parse>
auto Management::read(Parse parse, std::string_view json) const {
    try {
        return parse(json);
    } catch (const Error& error) {
        throw error.reworded(fmt::format("no management API at {}: {}", shown_url(), error.what()));
    }
}

std::vector<QueueInfo> Management::queues(const InventoryQuery& query) const {
    const auto part = literal_part(query.match);
    const auto name =
        part.empty() ? std::string() : fmt::format("&name={}", net::percent_encode(part));
    std::vector<QueueInfo> queues;
    // By name already: asked to sort, RabbitMQ would gather the figures of all queues for each
    // page.
    for (std::uint64_t page = 1;; ++page) {
        const auto answer =
            ask(fmt::format("queues/{}?page={}&page_size={}{}&{}", vhost_, page, page_size, name,
                            query.counts ? queue_columns : "columns=name,exclusive"));
        if (page > 1 && answer.status == 400) return queues;  // there are fewer pages by now
        check(answer, virtual_host());
        auto part_of_list = read(parse_queue_page, answer.body);
        std::ranges::move(part_of_list.queues, std::back_inserter(queues));
        if (query.progress) query.progress(queues.size(), part_of_list.total);
        if (page >= part_of_list.pages) return queues;
    }
}

QueueInfo Management::queue(const std::string& name) const {
    const auto parse = [&name](std::string_view json) {
        auto queue = parse_queue(json);
        if (queue.name != name)
            throw Error(Reason::management_unusable,
                        fmt::format("asked for the queue '{}', it answered something else",
                                    util::printable(name)));
        return queue;
    };
    return read(
        parse, get(fmt::format("queues/{}/{}?{}", vhost_, net::percent_encode(name), queue_columns),
                   fmt::format("queue '{}'", util::printable(name))));
}

std::string Management::virtual_host() const {
    std::string name;
    net::percent_decode(vhost_, name);
    return fmt::format("virtual host '{}'", util::printable(name));
}

std::vector<BindingInfo> Management::bindings() const {
    return read(
        parse_bindings,
        get(fmt::format("bindings/{}?columns=source,destination,destination_type,routing_key",
                        vhost_),
            virtual_host()));
}

std::vector<std::string> Management::alarms() const {
    return read(parse_alarms, get("nodes?columns=name,running,mem_alarm,disk_free_alarm", "node"));
}

}  // namespace airy::mq::amqp
