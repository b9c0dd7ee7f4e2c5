// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/amqp/table.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <new>
#include <string>

#include "event/limits.hpp"
#include "util/error.hpp"
#include "util/text.hpp"

namespace airy::mq::amqp {
namespace {

using event::HeaderArray;
using event::HeaderTable;
using event::HeaderValue;

constexpr std::size_t shortstr_limit = 255;  // bytes, AMQP 0-9-1 section 4.2.5.3

// Each level costs stack wherever a table is copied or destroyed, and a frame has room for 26,000.
constexpr int deepest_level = 1000;

HeaderValue value_from(const amqp_field_value_t& field, int level);

HeaderArray array_from(const amqp_array_t& array, int level) {
    HeaderArray out;
    out.reserve(static_cast<std::size_t>(array.num_entries));
    for (int i = 0; i < array.num_entries; ++i)
        out.push_back(value_from(array.entries[i], level));
    return out;
}

HeaderTable table_from(const amqp_table_t& table, int level) {
    HeaderTable out;
    out.reserve(static_cast<std::size_t>(table.num_entries));
    for (int i = 0; i < table.num_entries; ++i)
        out.emplace_back(view_of(table.entries[i].key), value_from(table.entries[i].value, level));
    return out;
}

HeaderValue value_from(const amqp_field_value_t& field, int level) {
    const auto& v = field.value;
    switch (field.kind) {
        case AMQP_FIELD_KIND_BOOLEAN:
            return {v.boolean != 0};
        case AMQP_FIELD_KIND_I8:
            return {v.i8};
        case AMQP_FIELD_KIND_U8:
            return {v.u8};
        case AMQP_FIELD_KIND_I16:
            return {v.i16};
        case AMQP_FIELD_KIND_U16:
            return {v.u16};
        case AMQP_FIELD_KIND_I32:
            return {v.i32};
        case AMQP_FIELD_KIND_U32:
            return {v.u32};
        case AMQP_FIELD_KIND_I64:
            return {v.i64};
        case AMQP_FIELD_KIND_U64:
            return {v.u64};
        case AMQP_FIELD_KIND_F32:
            return {v.f32};
        case AMQP_FIELD_KIND_F64:
            return {v.f64};
        case AMQP_FIELD_KIND_DECIMAL:
            return {event::HeaderDecimal{v.decimal.decimals, v.decimal.value}};
        case AMQP_FIELD_KIND_UTF8:
            return {std::string(view_of(v.bytes))};
        case AMQP_FIELD_KIND_BYTES:
            return {event::HeaderBytes{std::string(view_of(v.bytes))}};
        case AMQP_FIELD_KIND_TIMESTAMP:
            return {event::HeaderTimestamp{v.u64}};
        case AMQP_FIELD_KIND_ARRAY:
            if (level == deepest_level) return {};
            return {array_from(v.array, level + 1)};
        case AMQP_FIELD_KIND_TABLE:
            if (level == deepest_level) return {};
            return {table_from(v.table, level + 1)};
        default:
            return {};
    }
}

template <typename T>
T* allocate(amqp_pool_t& pool, std::size_t count) {
    void* memory = amqp_pool_alloc(&pool, count * sizeof(T));
    if (memory == nullptr) throw std::bad_alloc();
    return static_cast<T*>(memory);
}

amqp_field_value_t value_to(const HeaderValue& value, amqp_pool_t& pool);

amqp_array_t array_to(const HeaderArray& array, amqp_pool_t& pool) {
    amqp_array_t out{static_cast<int>(array.size()), nullptr};
    if (array.empty()) return out;
    out.entries = allocate<amqp_field_value_t>(pool, array.size());
    for (std::size_t i = 0; i < array.size(); ++i)
        out.entries[i] = value_to(array[i], pool);
    return out;
}

// One overload for each alternative of HeaderValue::Variant.
struct FieldWriter {
    amqp_field_value_t& out;
    amqp_pool_t& pool;

    void kind(amqp_field_value_kind_t k) const { out.kind = static_cast<std::uint8_t>(k); }

    void operator()(std::monostate) const { kind(AMQP_FIELD_KIND_VOID); }
    void operator()(bool v) const { kind(AMQP_FIELD_KIND_BOOLEAN), out.value.boolean = v; }
    void operator()(std::int8_t v) const { kind(AMQP_FIELD_KIND_I8), out.value.i8 = v; }
    void operator()(std::uint8_t v) const { kind(AMQP_FIELD_KIND_U8), out.value.u8 = v; }
    void operator()(std::int16_t v) const { kind(AMQP_FIELD_KIND_I16), out.value.i16 = v; }
    void operator()(std::uint16_t v) const { kind(AMQP_FIELD_KIND_U16), out.value.u16 = v; }
    void operator()(std::int32_t v) const { kind(AMQP_FIELD_KIND_I32), out.value.i32 = v; }
    void operator()(std::uint32_t v) const { kind(AMQP_FIELD_KIND_U32), out.value.u32 = v; }
    void operator()(std::int64_t v) const { kind(AMQP_FIELD_KIND_I64), out.value.i64 = v; }
    void operator()(std::uint64_t v) const { kind(AMQP_FIELD_KIND_U64), out.value.u64 = v; }
    void operator()(float v) const { kind(AMQP_FIELD_KIND_F32), out.value.f32 = v; }
    void operator()(double v) const { kind(AMQP_FIELD_KIND_F64), out.value.f64 = v; }
    void operator()(const event::HeaderDecimal& v) const {
        kind(AMQP_FIELD_KIND_DECIMAL), out.value.decimal = {v.scale, v.value};
    }
    void operator()(const std::string& v) const {
        kind(AMQP_FIELD_KIND_UTF8), out.value.bytes = bytes_of(v);
    }
    void operator()(const event::HeaderBytes& v) const {
        kind(AMQP_FIELD_KIND_BYTES), out.value.bytes = bytes_of(v.bytes);
    }
    void operator()(const event::HeaderTimestamp& v) const {
        kind(AMQP_FIELD_KIND_TIMESTAMP), out.value.u64 = v.seconds;
    }
    void operator()(const HeaderArray& v) const {
        kind(AMQP_FIELD_KIND_ARRAY), out.value.array = array_to(v, pool);
    }
    void operator()(const HeaderTable& v) const {
        kind(AMQP_FIELD_KIND_TABLE), out.value.table = table_to(v, pool);
    }
};

amqp_field_value_t value_to(const HeaderValue& value, amqp_pool_t& pool) {
    amqp_field_value_t out{};
    std::visit(FieldWriter{out, pool}, value.value);
    return out;
}

void copy_if(amqp_flags_t flags, amqp_flags_t flag, const amqp_bytes_t& from,
             std::optional<std::string>& to) {
    if ((flags & flag) != 0) to.emplace(view_of(from));
}

void borrow_if(const std::optional<std::string>& from, amqp_flags_t flag, amqp_flags_t& flags,
               amqp_bytes_t& to) {
    if (!from) return;
    flags |= flag;
    to = bytes_of(*from);
}

void check_short(std::string_view what, std::string_view text) {
    if (text.size() > shortstr_limit)
        throw Error(ErrorKind::invalid_event,
                    fmt::format("the {} is {} bytes long; AMQP takes at most {}", what, text.size(),
                                shortstr_limit));
}

void check_short(std::string_view what, const std::optional<std::string>& text) {
    if (text) check_short(what, std::string_view(*text));
}

std::size_t table_size(const HeaderTable& table);

// Bytes on the wire, at most a few too many.
std::size_t value_size(const HeaderValue& value) {
    constexpr std::size_t scalar = 9, length = 5;
    if (const auto* text = std::get_if<std::string>(&value.value)) return length + text->size();
    if (const auto* bytes = std::get_if<event::HeaderBytes>(&value.value))
        return length + bytes->bytes.size();
    if (const auto* table = std::get_if<HeaderTable>(&value.value)) return 1 + table_size(*table);
    if (const auto* array = std::get_if<HeaderArray>(&value.value)) {
        std::size_t size = length;
        for (const auto& item : *array)
            size += value_size(item);
        return size;
    }
    return scalar;
}

std::size_t table_size(const HeaderTable& table) {
    std::size_t size = 4;
    for (const auto& [name, value] : table) {
        check_short("name of a header", std::string_view(name));
        size += 1 + name.size() + value_size(value);
    }
    return size;
}

bool is_finite(const HeaderValue& value) {
    if (const auto* number = std::get_if<float>(&value.value)) return std::isfinite(*number);
    if (const auto* number = std::get_if<double>(&value.value)) return std::isfinite(*number);
    if (const auto* array = std::get_if<HeaderArray>(&value.value))
        return std::ranges::all_of(*array, is_finite);
    if (const auto* table = std::get_if<HeaderTable>(&value.value))
        return std::ranges::all_of(*table, is_finite, &event::HeaderField::second);
    return true;
}

// The bytes of a header frame that are not the header table: the frame's own, class, weight, size
// of the body and flags (AMQP 0-9-1 section 4.2.6.1), then the other properties.
std::size_t frame_beside_headers(const event::Properties& p) {
    std::size_t size = 8 + 2 + 2 + 8 + 2;
    for (const auto* text :
         {&p.content_type, &p.content_encoding, &p.correlation_id, &p.reply_to, &p.expiration,
          &p.message_id, &p.type, &p.user_id, &p.app_id, &p.cluster_id})
        if (*text) size += 1 + (*text)->size();
    if (p.delivery_mode) size += 1;
    if (p.priority) size += 1;
    if (p.timestamp) size += 8;
    return size;
}

}  // namespace

HeaderTable table_from(const amqp_table_t& table) {
    return table_from(table, 1);
}

amqp_table_t table_to(const HeaderTable& table, amqp_pool_t& pool) {
    amqp_table_t out{static_cast<int>(table.size()), nullptr};
    if (table.empty()) return out;
    out.entries = allocate<amqp_table_entry_t>(pool, table.size());
    for (std::size_t i = 0; i < table.size(); ++i) {
        out.entries[i].key = bytes_of(table[i].first);
        out.entries[i].value = value_to(table[i].second, pool);
    }
    return out;
}

void properties_from(const amqp_basic_properties_t& wire, event::Message& message) {
    auto& p = message.properties;
    const auto flags = wire._flags;
    copy_if(flags, AMQP_BASIC_CONTENT_TYPE_FLAG, wire.content_type, p.content_type);
    copy_if(flags, AMQP_BASIC_CONTENT_ENCODING_FLAG, wire.content_encoding, p.content_encoding);
    copy_if(flags, AMQP_BASIC_CORRELATION_ID_FLAG, wire.correlation_id, p.correlation_id);
    copy_if(flags, AMQP_BASIC_REPLY_TO_FLAG, wire.reply_to, p.reply_to);
    copy_if(flags, AMQP_BASIC_EXPIRATION_FLAG, wire.expiration, p.expiration);
    copy_if(flags, AMQP_BASIC_MESSAGE_ID_FLAG, wire.message_id, p.message_id);
    copy_if(flags, AMQP_BASIC_TYPE_FLAG, wire.type, p.type);
    copy_if(flags, AMQP_BASIC_USER_ID_FLAG, wire.user_id, p.user_id);
    copy_if(flags, AMQP_BASIC_APP_ID_FLAG, wire.app_id, p.app_id);
    copy_if(flags, AMQP_BASIC_CLUSTER_ID_FLAG, wire.cluster_id, p.cluster_id);
    if ((flags & AMQP_BASIC_DELIVERY_MODE_FLAG) != 0) p.delivery_mode = wire.delivery_mode;
    if ((flags & AMQP_BASIC_PRIORITY_FLAG) != 0) p.priority = wire.priority;
    if ((flags & AMQP_BASIC_TIMESTAMP_FLAG) != 0) p.timestamp = wire.timestamp;
    if ((flags & AMQP_BASIC_HEADERS_FLAG) != 0) {
        message.has_headers = true;
        message.headers = table_from(wire.headers);
    }
}

amqp_basic_properties_t properties_to(const event::Message& message, amqp_pool_t& pool) {
    amqp_basic_properties_t wire{};
    const auto& p = message.properties;
    auto& flags = wire._flags;
    borrow_if(p.content_type, AMQP_BASIC_CONTENT_TYPE_FLAG, flags, wire.content_type);
    borrow_if(p.content_encoding, AMQP_BASIC_CONTENT_ENCODING_FLAG, flags, wire.content_encoding);
    borrow_if(p.correlation_id, AMQP_BASIC_CORRELATION_ID_FLAG, flags, wire.correlation_id);
    borrow_if(p.reply_to, AMQP_BASIC_REPLY_TO_FLAG, flags, wire.reply_to);
    borrow_if(p.expiration, AMQP_BASIC_EXPIRATION_FLAG, flags, wire.expiration);
    borrow_if(p.message_id, AMQP_BASIC_MESSAGE_ID_FLAG, flags, wire.message_id);
    borrow_if(p.type, AMQP_BASIC_TYPE_FLAG, flags, wire.type);
    borrow_if(p.user_id, AMQP_BASIC_USER_ID_FLAG, flags, wire.user_id);
    borrow_if(p.app_id, AMQP_BASIC_APP_ID_FLAG, flags, wire.app_id);
    borrow_if(p.cluster_id, AMQP_BASIC_CLUSTER_ID_FLAG, flags, wire.cluster_id);
    if (p.delivery_mode) {
        flags |= AMQP_BASIC_DELIVERY_MODE_FLAG;
        wire.delivery_mode = *p.delivery_mode;
    }
    if (p.priority) {
        flags |= AMQP_BASIC_PRIORITY_FLAG;
        wire.priority = *p.priority;
    }
    if (p.timestamp) {
        flags |= AMQP_BASIC_TIMESTAMP_FLAG;
        wire.timestamp = *p.timestamp;
    }
    if (message.has_headers || !message.headers.empty()) {
        flags |= AMQP_BASIC_HEADERS_FLAG;
        wire.headers = table_to(message.headers, pool);
    }
    return wire;
}

void check_limits(const event::Message& message, std::size_t frame_max) {
    const auto& p = message.properties;
    check_short("exchange's name", std::string_view(message.exchange));
    check_short("topic", std::string_view(message.topic));
    check_short("content type", p.content_type);
    check_short("content encoding", p.content_encoding);
    check_short("correlation id", p.correlation_id);
    check_short("reply-to", p.reply_to);
    check_short("expiration", p.expiration);
    check_short("message id", p.message_id);
    check_short("type", p.type);
    check_short("user id", p.user_id);
    check_short("app id", p.app_id);
    check_short("cluster id", p.cluster_id);
    // RabbitMQ closes the channel for these.
    if (p.delivery_mode && *p.delivery_mode != 1 && *p.delivery_mode != 2)
        throw Error(ErrorKind::invalid_event,
                    fmt::format("the delivery mode is {}; it is 1 (transient) or 2 (persistent)",
                                *p.delivery_mode));
    event::expiration_of(p);
    if (message.headers.empty()) return;
    const std::size_t size = table_size(message.headers);
    const std::size_t beside_headers = frame_beside_headers(p);
    if (size + beside_headers > frame_max)
        throw Error(ErrorKind::invalid_event,
                    fmt::format("the headers take {} bytes; the broker takes at most {}", size,
                                frame_max - beside_headers));
    for (const auto& [name, value] : message.headers)
        if (!is_finite(value))
            throw Error(Reason::publish_refused,
                        fmt::format("the header '{}' holds NaN or an infinity, for which RabbitMQ "
                                    "closes the connection",
                                    util::printable(name, 60)));
}

}  // namespace airy::mq::amqp
