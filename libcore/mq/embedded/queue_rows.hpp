// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "mq/embedded/change.hpp"

// Exchanges, queues and bindings in the tables, within a change that has not altered them yet: the
// catalogue knows of what is done here only in the next change.
namespace airy::mq::embedded {

// Throw Error{not_found} for what is not there.
const QueueInfo& existing_queue(Change& change, std::string_view what, const std::string& name);
const ExchangeInfo& existing_exchange(Change& change, std::string_view what,
                                      const std::string& name);

// Likewise; a queue of another session is refused.
const QueueInfo& open_queue(Change& change, std::string_view what, const std::string& name,
                            std::optional<std::int64_t> session);

// Likewise; throws Error{unreachable} for a queue of which is not known what is to become of its
// messages.
const QueueInfo& whole_queue(Change& change, std::string_view what, const std::string& name,
                             std::optional<std::int64_t> session);

// Makes a queue of a normalized specification, whose name is not taken. Returns its id.
std::int64_t create_queue_rows(Change& change, const QueueSpec& spec,
                               std::optional<std::int64_t> owner);
void add_binding_row(Change& change, std::int64_t queue, std::int64_t exchange,
                     std::string_view pattern);

// With its messages, bindings and leases; its consumers are told. Returns how many were ready.
std::int64_t delete_queue_rows(Change& change, const QueueInfo& queue);

// Makes a topic exchange of it where it is to be declared and is not there; otherwise looks.
void use_exchange(Change& change, const std::string& name, bool declare);

// Declares it, or throws Error{not_found} naming what it is otherwise.
void declare_exchange_row(Change& change, const ExchangeSpec& spec);

}  // namespace airy::mq::embedded
