// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include <algorithm>
#include <nlohmann/json.hpp>

#include "mq/amqp/management.hpp"
#include "util/error.hpp"

namespace airy::mq::amqp {
namespace {

using nlohmann::json;

// RabbitMQ writes `null`, "" or [] for an unknown value, so a member of an unexpected kind counts
// as absent.
const json* member(const json& object, const char* key) {
    if (!object.is_object()) return nullptr;
    const auto found = object.find(key);
    return found == object.end() ? nullptr : &*found;
}

std::string text(const json& object, const char* key) {
    const json* value = member(object, key);
    return value != nullptr && value->is_string() ? value->get<std::string>() : std::string();
}

bool flag(const json& object, const char* key) {
    const json* value = member(object, key);
    return value != nullptr && value->is_boolean() && value->get<bool>();
}

std::optional<std::uint64_t> number(const json& object, const char* key) {
    const json* value = member(object, key);
    if (value == nullptr || !value->is_number_unsigned()) return std::nullopt;
    return value->get<std::uint64_t>();
}

double rate(const json& stats, const char* key) {
    const json* details = member(stats, key);
    const json* value = details != nullptr ? member(*details, "rate") : nullptr;
    return value != nullptr && value->is_number() ? value->get<double>() : 0;
}

// Absent while no channel has reported on the queue; RabbitMQ omits rates of events that never
// happened.
std::optional<QueueRates> rates(const json* stats) {
    if (stats == nullptr || !stats->is_object() || stats->empty()) return std::nullopt;
    return QueueRates{rate(*stats, "publish_details"), rate(*stats, "deliver_get_details"),
                      rate(*stats, "ack_details"), rate(*stats, "redeliver_details")};
}

[[noreturn]] void refuse() {
    throw Error(Reason::management_unusable, "the answer is not one of RabbitMQ's management API");
}

json parse(std::string_view source, json::value_t expected) {
    json value = json::parse(source, nullptr, false);
    if (value.type() != expected) refuse();
    return value;
}

std::optional<std::int64_t> whole(const json* object, const char* key) {
    const json* value = object != nullptr ? member(*object, key) : nullptr;
    if (value == nullptr || !value->is_number_integer()) return std::nullopt;
    return value->get<std::int64_t>();
}

// Of argument and policy RabbitMQ takes the smaller one; no limit (since 4.0: negative) is above
// all others where only one of them says so.
std::optional<std::int64_t> delivery_limit(const json& item) {
    const auto argument = whole(member(item, "arguments"), "x-delivery-limit");
    const auto policy = whole(member(item, "effective_policy_definition"), "delivery-limit");
    if (!argument || !policy) return argument ? argument : policy;
    return *argument < 0 || *policy < 0 ? std::max(*argument, *policy)
                                        : std::min(*argument, *policy);
}

// The members of an object, sorted by name; the value `undefined` or [] stands for no members.
std::vector<QueueArgument> arguments(const json& item, const char* key) {
    std::vector<QueueArgument> all;
    const json* object = member(item, key);
    if (object == nullptr || !object->is_object()) return all;
    for (const auto& [name, value] : object->items())
        all.push_back({name, value.dump(-1, ' ', false, json::error_handler_t::replace)});
    return all;
}

QueueInfo to_queue(const json& item) {
    const json* name = member(item, "name");
    if (name == nullptr || !name->is_string()) refuse();
    QueueInfo queue;
    queue.name = text(item, "name");
    queue.type = text(item, "type");
    queue.durable = flag(item, "durable");
    queue.auto_delete = flag(item, "auto_delete");
    queue.exclusive = flag(item, "exclusive");
    queue.state = text(item, "state");
    queue.policy = text(item, "policy");
    queue.delivery_limit = delivery_limit(item);
    queue.ready = number(item, "messages_ready");
    queue.unacked = number(item, "messages_unacknowledged");
    queue.consumers = number(item, "consumers");
    queue.memory = number(item, "memory");
    queue.rates = rates(member(item, "message_stats"));
    // The queue has statistics, and no message has passed through it yet.
    if (!queue.rates && queue.ready) queue.rates.emplace();
    const json* head = member(item, "head_message_timestamp");
    if (head != nullptr && head->is_number_integer())
        queue.head_timestamp = head->get<std::int64_t>();
    queue.arguments = arguments(item, "arguments");
    queue.policy_keys = arguments(item, "effective_policy_definition");
    return queue;
}

}  // namespace

QueuePage parse_queue_page(std::string_view source) {
    const json answer = json::parse(source, nullptr, false);
    const json* items = answer.is_array() ? &answer : member(answer, "items");
    if (items == nullptr || !items->is_array()) refuse();
    QueuePage page;
    for (const auto& item : *items)
        page.queues.push_back(to_queue(item));
    page.pages = number(answer, "page_count").value_or(1);
    page.total = number(answer, "filtered_count").value_or(page.queues.size());
    return page;
}

QueueInfo parse_queue(std::string_view source) {
    return to_queue(parse(source, json::value_t::object));
}

std::vector<BindingInfo> parse_bindings(std::string_view source) {
    std::vector<BindingInfo> bindings;
    for (const auto& item : parse(source, json::value_t::array)) {
        if (!item.is_object()) refuse();
        bindings.push_back({text(item, "source"), text(item, "destination"),
                            text(item, "destination_type") == "queue", text(item, "routing_key")});
    }
    return bindings;
}

std::vector<std::string> parse_alarms(std::string_view source) {
    std::vector<std::string> alarms;
    for (const auto& node : parse(source, json::value_t::array)) {
        if (!node.is_object()) refuse();
        const std::string name = text(node, "name");
        if (member(node, "running") != nullptr && !flag(node, "running"))
            alarms.push_back(name + ": not running");
        if (flag(node, "mem_alarm")) alarms.push_back(name + ": memory");
        if (flag(node, "disk_free_alarm")) alarms.push_back(name + ": disk");
    }
    return alarms;
}

}  // namespace airy::mq::amqp
