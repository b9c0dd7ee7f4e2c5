// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/embedded/codec.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <utility>

#include "event/limits.hpp"
#include "util/error.hpp"

namespace airy::mq::embedded {
namespace {

using event::HeaderArray;
using event::HeaderTable;
using event::HeaderValue;

// A damaged count must not make the reader reserve all memory.
constexpr std::size_t most_reserved = 64;

[[noreturn]] void damaged() {
    throw Error(Reason::file_damaged, "a message in the broker's file is damaged",
                "move the file away with its -wal and -shm; sqlite3 FILE .recover may save some "
                "messages");
}

// A number is LEB128, a text begins with its length, and a value begins with its index in
// HeaderValue's variant: the order of that variant must not change.
static_assert(std::variant_size_v<HeaderValue::Variant> == 18);

void append_number(std::string& out, std::uint64_t value) {
    while (value >= 0x80) {
        out += static_cast<char>(value | 0x80);
        value >>= 7;
    }
    out += static_cast<char>(value);
}

void append_text(std::string& out, std::string_view text) {
    append_number(out, text.size());
    out += text;
}

std::uint64_t zigzag(std::int64_t value) {
    return (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
}
std::int64_t unzigzag(std::uint64_t value) {
    return static_cast<std::int64_t>(value >> 1) ^ -static_cast<std::int64_t>(value & 1);
}

void append_table(std::string& out, const HeaderTable& table);

void append_value(std::string& out, const HeaderValue& value) {
    out += static_cast<char>(value.value.index());
    std::visit(
        [&out](const auto& v) {
            using T = std::decay_t<decltype(v)>;
            if constexpr (std::is_same_v<T, bool>) {
                out += v ? '\1' : '\0';
            } else if constexpr (std::is_integral_v<T>) {
                append_number(out, std::is_signed_v<T> ? zigzag(static_cast<std::int64_t>(v)) : v);
            } else if constexpr (std::is_same_v<T, float>) {
                append_number(out, std::bit_cast<std::uint32_t>(v));
            } else if constexpr (std::is_same_v<T, double>) {
                append_number(out, std::bit_cast<std::uint64_t>(v));
            } else if constexpr (std::is_same_v<T, event::HeaderDecimal>) {
                append_number(out, v.scale);
                append_number(out, v.value);
            } else if constexpr (std::is_same_v<T, std::string>) {
                append_text(out, v);
            } else if constexpr (std::is_same_v<T, event::HeaderBytes>) {
                append_text(out, v.bytes);
            } else if constexpr (std::is_same_v<T, event::HeaderTimestamp>) {
                append_number(out, v.seconds);
            } else if constexpr (std::is_same_v<T, HeaderArray>) {
                append_number(out, v.size());
                for (const auto& item : v)
                    append_value(out, item);
            } else if constexpr (std::is_same_v<T, HeaderTable>) {
                append_table(out, v);
            }
        },
        value.value);
}

void append_table(std::string& out, const HeaderTable& table) {
    append_number(out, table.size());
    for (const auto& field : table) {
        append_text(out, field.first);
        append_value(out, field.second);
    }
}

class Reader {
  public:
    explicit Reader(std::string_view bytes) : rest_(bytes) {}

    std::uint8_t byte() {
        if (rest_.empty()) damaged();
        const auto value = static_cast<std::uint8_t>(rest_[0]);
        rest_.remove_prefix(1);
        return value;
    }

    std::uint64_t number() {
        std::uint64_t value = 0;
        for (int shift = 0; shift < 64; shift += 7) {
            const auto next = byte();
            value |= static_cast<std::uint64_t>(next & 0x7f) << shift;
            if (next < 0x80) return value;
        }
        damaged();
    }

    // A number that fits into T.
    template <typename T>
    T small() {
        const auto value = number();
        if (value > std::numeric_limits<T>::max()) damaged();
        return static_cast<T>(value);
    }

    std::string text() {
        const auto size = number();
        if (size > rest_.size()) damaged();
        std::string value(rest_.substr(0, size));
        rest_.remove_prefix(size);
        return value;
    }

    // A number of items, each of which takes at least one byte.
    std::size_t count() {
        const auto value = number();
        if (value > rest_.size()) damaged();
        return value;
    }

    HeaderTable table(std::size_t depth = 0) {
        HeaderTable out;
        const auto size = count();
        out.reserve(std::min(size, most_reserved));
        for (std::size_t i = 0; i < size; ++i) {
            auto name = text();
            out.emplace_back(std::move(name), value(depth));
        }
        return out;
    }

    void end() const {
        if (!rest_.empty()) damaged();
    }

  private:
    template <typename T>
    T signed_number() {
        const auto value = unzigzag(number());
        if (value < std::numeric_limits<T>::min() || value > std::numeric_limits<T>::max())
            damaged();
        return static_cast<T>(value);
    }

    HeaderValue value(std::size_t depth) {
        if (depth == event::header_depth_limit) damaged();
        switch (byte()) {
            case 0:
                return {};
            case 1:
                return {byte() != 0};
            case 2:
                return {signed_number<std::int8_t>()};
            case 3:
                return {small<std::uint8_t>()};
            case 4:
                return {signed_number<std::int16_t>()};
            case 5:
                return {small<std::uint16_t>()};
            case 6:
                return {signed_number<std::int32_t>()};
            case 7:
                return {small<std::uint32_t>()};
            case 8:
                return {signed_number<std::int64_t>()};
            case 9:
                return {number()};
            case 10:
                return {std::bit_cast<float>(small<std::uint32_t>())};
            case 11:
                return {std::bit_cast<double>(number())};
            case 12: {
                const auto scale = small<std::uint8_t>();
                return {event::HeaderDecimal{scale, small<std::uint32_t>()}};
            }
            case 13:
                return {text()};
            case 14:
                return {event::HeaderBytes{text()}};
            case 15:
                return {event::HeaderTimestamp{number()}};
            case 16: {
                HeaderArray items;
                const auto size = count();
                items.reserve(std::min(size, most_reserved));
                for (std::size_t i = 0; i < size; ++i)
                    items.push_back(value(depth + 1));
                return {std::move(items)};
            }
            case 17:
                return {table(depth + 1)};
            default:
                damaged();
        }
    }

    std::string_view rest_;
};

// Calls `visit(bit, property)` for each property, in the order in which they are written.
template <typename P, typename Visit>
void each_property(P& p, Visit visit) {
    visit(0, p.content_type);
    visit(1, p.content_encoding);
    visit(2, p.delivery_mode);
    visit(3, p.priority);
    visit(4, p.correlation_id);
    visit(5, p.reply_to);
    visit(6, p.expiration);
    visit(7, p.message_id);
    visit(8, p.timestamp);
    visit(9, p.type);
    visit(10, p.user_id);
    visit(11, p.app_id);
    visit(12, p.cluster_id);
}

constexpr unsigned headers_bit = 13;

}  // namespace

void append_meta(std::string& out, const event::Message& message) {
    std::uint64_t present = message.has_headers ? 1u << headers_bit : 0;
    each_property(message.properties, [&present](unsigned bit, const auto& property) {
        if (property) present |= 1u << bit;
    });
    append_number(out, present);
    each_property(message.properties, [&out](unsigned, const auto& property) {
        if (!property) return;
        if constexpr (std::is_integral_v<std::decay_t<decltype(*property)>>)
            append_number(out, *property);
        else
            append_text(out, *property);
    });
    if (message.has_headers) append_table(out, message.headers);
}

void read_meta(std::string_view bytes, event::Message& message) {
    Reader reader(bytes);
    const auto present = reader.number();
    each_property(message.properties, [&](unsigned bit, auto& property) {
        property.reset();
        if ((present & (1u << bit)) == 0) return;
        using T = typename std::decay_t<decltype(property)>::value_type;
        if constexpr (std::is_integral_v<T>)
            property = reader.small<T>();
        else
            property = reader.text();
    });
    message.has_headers = (present & (1u << headers_bit)) != 0;
    message.headers.clear();
    if (message.has_headers) message.headers = reader.table();
    reader.end();
}

std::string encode_table(const HeaderTable& table) {
    std::string out;
    append_table(out, table);
    return out;
}

HeaderTable decode_table(std::string_view bytes) {
    Reader reader(bytes);
    auto table = reader.table();
    reader.end();
    return table;
}

}  // namespace airy::mq::embedded
