// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <compare>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace airy::event {

struct HeaderValue;
struct HeaderField;

// A header table: names in the order in which they came on the wire.
using HeaderTable = std::vector<HeaderField>;
using HeaderArray = std::vector<HeaderValue>;

// `T` in AMQP field tables: seconds since 1970.
struct HeaderTimestamp {
    std::uint64_t seconds = 0;
    auto operator<=>(const HeaderTimestamp&) const = default;
};

// `D` in AMQP field tables: value / 10^scale.
struct HeaderDecimal {
    std::uint8_t scale = 0;
    std::uint32_t value = 0;
    auto operator<=>(const HeaderDecimal&) const = default;
};

// `x` in AMQP field tables: bytes, not text.
struct HeaderBytes {
    std::string bytes;
    auto operator<=>(const HeaderBytes&) const = default;
};

// One value of an AMQP field table with its exact wire type (AMQP 0-9-1 section 4.2.1 with
// RabbitMQ's errata: https://www.rabbitmq.com/amqp-0-9-1-errata.html). `monostate` is void.
struct HeaderValue {
    using Variant = std::variant<std::monostate, bool, std::int8_t, std::uint8_t, std::int16_t,
                                 std::uint16_t, std::int32_t, std::uint32_t, std::int64_t,
                                 std::uint64_t, float, double, HeaderDecimal, std::string,
                                 HeaderBytes, HeaderTimestamp, HeaderArray, HeaderTable>;
    Variant value;

    bool operator==(const HeaderValue& other) const;
};

// One name of a table with its value. No std::pair: its constraints need HeaderValue complete,
// which it is not here, so clang refuses.
struct HeaderField {
    std::string first;
    HeaderValue second;

    HeaderField() = default;
    template <typename Name>
    requires std::constructible_from<std::string, Name> HeaderField(Name&& name, HeaderValue value)
        : first(std::forward<Name>(name)), second(std::move(value)) {}
    bool operator==(const HeaderField&) const = default;
};

inline bool HeaderValue::operator==(const HeaderValue& other) const {
    return value == other.value;
}

// The properties of AMQP basic; a property that is absent on the wire is absent here.
struct Properties {
    std::optional<std::string> content_type;
    std::optional<std::string> content_encoding;
    std::optional<std::uint8_t> delivery_mode;  // 1 transient, 2 persistent
    std::optional<std::uint8_t> priority;
    std::optional<std::string> correlation_id;
    std::optional<std::string> reply_to;
    std::optional<std::string> expiration;  // milliseconds, as text, as on the wire
    std::optional<std::string> message_id;
    std::optional<std::uint64_t> timestamp;  // seconds since 1970
    std::optional<std::string> type;
    std::optional<std::string> user_id;
    std::optional<std::string> app_id;
    std::optional<std::string> cluster_id;

    bool operator==(const Properties&) const = default;
};

// One message as a broker carries it. `has_headers` tells an empty header table from none.
struct Message {
    std::string exchange;
    std::string topic;  // the routing key
    Properties properties;
    bool has_headers = false;
    HeaderTable headers;
    std::string body;

    bool operator==(const Message&) const = default;
};

}  // namespace airy::event
