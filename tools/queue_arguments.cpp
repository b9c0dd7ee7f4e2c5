// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "queue_arguments.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "mq/schemes.hpp"
#include "util/error.hpp"

namespace airy::tools {
namespace {

void append_once(event::HeaderTable& arguments, event::HeaderField argument,
                 std::string_view flag) {
    if (std::ranges::find(arguments, argument.first, &event::HeaderField::first) != arguments.end())
        throw Error(ErrorKind::usage,
                    fmt::format("{} and --arg {} exclude each other", flag, argument.first));
    arguments.push_back(std::move(argument));
}

}  // namespace

void QueueArguments::add(cli::App& app, const std::string& group) {
    auto priority = app.option("--max-priority", max_priority,
                               "the queue hands out messages of higher priority first, from 0 to "
                               "this one (at most 255); for a classic queue")
                        .type_name("N")
                        .between(1, 255)
                        .note(given);
    auto active = app.flag("--single-active-consumer", single_active_consumer,
                           "one consumer of the queue gets all messages; another one takes over "
                           "when it ends")
                      .note(given);
    if (group.empty()) return;
    priority.group(group);
    active.group(group);
}

void QueueArguments::append_to(event::HeaderTable& arguments, const std::string& type) const {
    if (single_active_consumer && type == "stream")
        throw Error(ErrorKind::usage, "--single-active-consumer is not for a stream",
                    "--type quorum or classic");
    if (max_priority && type != "classic")
        throw Error(ErrorKind::usage,
                    fmt::format("--max-priority is for classic queues, and this one is of the type "
                                "{}",
                                type),
                    "use --type classic; quorum queues of RabbitMQ 4 have two levels without any "
                    "option, of RabbitMQ 3 none");
    if (max_priority)
        append_once(arguments, {"x-max-priority", {static_cast<std::int64_t>(*max_priority)}},
                    "--max-priority");
    if (single_active_consumer)
        append_once(arguments, {"x-single-active-consumer", {true}}, "--single-active-consumer");
}

void QueueArguments::require_of(const std::string& url) const {
    if (max_priority) mq::require(url, mq::Capability::priority);
}

}  // namespace airy::tools
