// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

#include "event/message.hpp"
#include "mq/amqp/rabbitmq_c.hpp"

// Converts between rabbitmq-c's tables and properties and the project's own. Pure; any thread.
namespace airy::mq::amqp {

inline amqp_bytes_t bytes_of(std::string_view text) noexcept {
    return {text.size(), const_cast<char*>(text.data())};
}
inline std::string_view view_of(const amqp_bytes_t& bytes) noexcept {
    return {static_cast<const char*>(bytes.bytes), bytes.len};
}

// Copies the table, but for values nested deeper than 1000 levels, which become void. rabbitmq-c's
// decoder yields no unknown kinds of fields.
event::HeaderTable table_from(const amqp_table_t& table);

// Strings are borrowed from `table`, entries are allocated from `pool`: both must outlive the
// result.
amqp_table_t table_to(const event::HeaderTable& table, amqp_pool_t& pool);

// Fills properties and headers of `message`.
void properties_from(const amqp_basic_properties_t& wire, event::Message& message);

// Strings are borrowed from `message`, the header table is allocated from `pool`.
amqp_basic_properties_t properties_to(const event::Message& message, amqp_pool_t& pool);

// Throws Error{invalid_event} for a message that AMQP cannot carry: exchange, topic, a property or
// the name of a header of more than 255 bytes, an expiration that RabbitMQ would refuse, or headers
// that do not fit one frame of `frame_max` bytes. The functions above and rabbitmq-c rely on this
// check. Throws Error{publish_refused} for a float or double that is not finite: RabbitMQ closes
// the connection for it.
void check_limits(const event::Message& message, std::size_t frame_max);

}  // namespace airy::mq::amqp
