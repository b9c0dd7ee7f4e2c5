// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "mq/embedded/change.hpp"

// Exchanges, queues and bindings in the tables. The catalogue shows a modification only in the next
// change, so that a change must not look up a queue that it has made or deleted. `action` begins
// the error's message, e.g. "bind the queue".
namespace airy::mq::embedded {

// Throw Error{not_found} when there is no queue or exchange of this name.
const QueueInfo& existing_queue(const Catalogue& catalogue, std::string_view action,
                                const std::string& name);
const ExchangeInfo& existing_exchange(const Catalogue& catalogue, std::string_view action,
                                      const std::string& name);

// Like existing_queue(); throws Error{not_found} also for an exclusive queue of another session.
const QueueInfo& open_queue(const Catalogue& catalogue, std::string_view action,
                            const std::string& name, std::optional<std::int64_t> session);

// Like open_queue(); throws Error{unreachable} for a queue whose arguments are damaged.
const QueueInfo& whole_queue(const Catalogue& catalogue, std::string_view action,
                             const std::string& name, std::optional<std::int64_t> session);

// Makes a queue of a normalized specification, whose name must be free. Returns its id.
std::int64_t create_queue_rows(Change& change, const QueueSpec& spec,
                               std::optional<std::int64_t> owner);
void add_binding_row(Change& change, std::int64_t queue, std::int64_t exchange,
                     std::string_view pattern);

// Deletes the queue with its messages, bindings and leases, and wakes its consumers. Returns how
// many messages were ready. When it has many messages, the rest is due as Due::remains.
std::int64_t delete_queue_rows(Change& change, const QueueInfo& queue);

// Until the next part, others write; in milliseconds.
inline constexpr std::int64_t remains_pause = 20;

// Deletes a part of the messages that a deleted queue has left, in a few milliseconds; at the end,
// frees the queue's id. False when there is nothing left.
bool remove_remains(Change& change, std::int64_t queue);

// With `declare`, declares a topic exchange; otherwise throws Error{not_found} when there is none
// of this name.
void use_exchange(Change& change, const std::string& name, bool declare);

// Whether the exchange of `spec` is there. Throws Error{not_found} that names the difference when
// it has other properties.
bool has_exchange(const Catalogue& catalogue, const ExchangeSpec& spec);

// Throws Error{not_found} that names the difference when the exchange has other properties.
void declare_exchange_row(Change& change, const ExchangeSpec& spec);

}  // namespace airy::mq::embedded
