// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/embedded/queue_policy.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "event/limits.hpp"
#include "mq/embedded/table_fields.hpp"
#include "util/error.hpp"
#include "util/text.hpp"

namespace airy::mq::embedded {
namespace {

using event::HeaderTable;
using event::HeaderValue;

[[noreturn]] void refuse(std::string_view argument, std::string_view why) {
    throw Error(ErrorKind::usage,
                fmt::format("the queue argument {} {}", util::printable(argument), why));
}

std::optional<std::int64_t> count_of(const HeaderTable& table, std::string_view name,
                                     std::int64_t least, std::int64_t most) {
    const auto* value = find_field(table, name);
    if (value == nullptr) return std::nullopt;
    const auto number = integer_of(*value);
    if (!number || *number < least || *number > most)
        refuse(name, fmt::format("is not a number from {} to {}", least, most));
    return number;
}

std::optional<std::string> text_of(const HeaderTable& table, std::string_view name) {
    const auto* value = find_field(table, name);
    if (value == nullptr) return std::nullopt;
    const auto* text = std::get_if<std::string>(&value->value);
    if (text == nullptr) refuse(name, "is not a text");
    return *text;
}

bool flag_of(const HeaderTable& table, std::string_view name) {
    const auto* value = find_field(table, name);
    if (value == nullptr) return false;
    const auto* flag = std::get_if<bool>(&value->value);
    if (flag == nullptr) refuse(name, "is neither true nor false");
    return *flag;
}

Overflow overflow_of(const HeaderTable& table, bool quorum) {
    const auto text = text_of(table, "x-overflow").value_or("drop-head");
    if (text == "drop-head") return Overflow::drop_head;
    if (text == "reject-publish") return Overflow::reject_publish;
    if (text == "reject-publish-dlx" && !quorum) return Overflow::reject_publish_dlx;
    refuse("x-overflow", fmt::format("cannot be '{}'", util::printable(text)));
}

std::string shown(const HeaderValue* value) {
    if (value == nullptr) return "none";
    if (const auto number = integer_of(*value)) return std::to_string(*number);
    if (const auto* text = std::get_if<std::string>(&value->value))
        return fmt::format("'{}'", util::printable(*text));
    if (const auto* flag = std::get_if<bool>(&value->value)) return *flag ? "true" : "false";
    return "another value";
}

// Numbers of different width are the same value, as on RabbitMQ.
bool same(const HeaderValue* one, const HeaderValue* other) {
    if (one == nullptr || other == nullptr) return one == other;
    const auto left = integer_of(*one);
    const auto right = integer_of(*other);
    return left && right ? *left == *right : *one == *other;
}

}  // namespace

QueueSpec normalized(QueueSpec spec) {
    if (event::is_too_deep(spec.arguments))
        throw Error(ErrorKind::usage, fmt::format("queue arguments are nested more than {} deep",
                                                  event::header_depth_limit));
    if (const auto type = text_of(spec.arguments, "x-queue-type")) spec.type = *type;
    std::erase_if(spec.arguments, [](const auto& field) { return field.first == "x-queue-type"; });
    if (spec.exclusive) spec.type = "classic";
    if (spec.type == "stream")
        throw Error(Reason::unsupported, "the embedded broker has no queues of the type stream",
                    "with sqlite:PATH?retain=24h it keeps published messages");
    if (spec.type != "quorum" && spec.type != "classic")
        throw Error(ErrorKind::usage,
                    fmt::format("there is no queue type '{}'", util::printable(spec.type)),
                    "use quorum or classic");
    if (spec.type == "quorum" && (!spec.durable || spec.auto_delete))
        throw Error(ErrorKind::usage, "a quorum queue must be durable and must not delete itself",
                    "use a classic queue");
    // As RabbitMQ has it. A queue of an earlier airy may have it, without effect.
    if (spec.type == "quorum" && find_field(spec.arguments, "x-max-priority"))
        refuse("x-max-priority", "is for classic queues only");
    policy_of(spec.type, spec.arguments);
    return spec;
}

QueuePolicy policy_of(const std::string& type, const HeaderTable& arguments) {
    constexpr std::int64_t any = std::numeric_limits<std::int64_t>::max();
    QueuePolicy policy;
    policy.quorum = type == "quorum";
    policy.ttl = count_of(arguments, "x-message-ttl", 0, event::longest_wait);
    policy.expires = count_of(arguments, "x-expires", 1, event::longest_wait);
    policy.max_length = count_of(arguments, "x-max-length", 0, any);
    policy.max_bytes = count_of(arguments, "x-max-length-bytes", 0, any);
    policy.single_active = flag_of(arguments, "x-single-active-consumer");
    policy.overflow = overflow_of(arguments, policy.quorum);
    policy.dead_letter_exchange = text_of(arguments, "x-dead-letter-exchange");
    policy.dead_letter_key = text_of(arguments, "x-dead-letter-routing-key");
    if (policy.dead_letter_key && !policy.dead_letter_exchange)
        refuse("x-dead-letter-routing-key", "needs x-dead-letter-exchange beside it");
    if (policy.quorum) {
        policy.delivery_limit = count_of(arguments, "x-delivery-limit", 0, any);
        // RabbitMQ falls back to at-most-once when one of these is missing.
        policy.at_least_once =
            text_of(arguments, "x-dead-letter-strategy").value_or("") == "at-least-once" &&
            policy.overflow == Overflow::reject_publish && policy.dead_letter_exchange.has_value();
    } else {
        policy.max_priority = count_of(arguments, "x-max-priority", 0, 255);
    }
    return policy;
}

std::vector<std::string> differences(const QueueSpec& existing, const QueueSpec& wanted) {
    std::vector<std::string> out;
    const auto compare = [&out](std::string_view name, const auto& is, const auto& asked) {
        if (is != asked) out.push_back(fmt::format("{} is {}, not {}", name, is, asked));
    };
    compare("type", existing.type, wanted.type);
    compare("durable", existing.durable, wanted.durable);
    compare("exclusive", existing.exclusive, wanted.exclusive);
    compare("auto-delete", existing.auto_delete, wanted.auto_delete);
    const auto compare_argument = [&](const std::string& name) {
        const auto* is = find_field(existing.arguments, name);
        const auto* asked = find_field(wanted.arguments, name);
        if (!same(is, asked)) compare(util::printable(name), shown(is), shown(asked));
    };
    for (const auto& field : existing.arguments)
        compare_argument(field.first);
    for (const auto& field : wanted.arguments)
        if (find_field(existing.arguments, field.first) == nullptr) compare_argument(field.first);
    return out;
}

}  // namespace airy::mq::embedded
