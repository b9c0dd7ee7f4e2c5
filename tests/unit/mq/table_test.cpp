// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/amqp/table.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <string>
#include <vector>

#include "util/error.hpp"

using namespace airy;
using namespace airy::mq::amqp;
using event::HeaderArray;
using event::HeaderTable;
using event::HeaderValue;

namespace {

// Passes a table through rabbitmq-c's encoder and decoder, as over the wire.
HeaderTable over_the_wire(const HeaderTable& table) {
    amqp_pool_t pool;
    init_amqp_pool(&pool, 4096);
    amqp_table_t wire = table_to(table, pool);
    std::string buffer(65536, '\0');
    std::size_t written = 0;
    REQUIRE(amqp_encode_table(bytes_of(buffer), &wire, &written) == AMQP_STATUS_OK);
    amqp_table_t decoded;
    std::size_t read = 0;
    REQUIRE(amqp_decode_table(bytes_of(buffer), &pool, &decoded, &read) == AMQP_STATUS_OK);
    HeaderTable out = table_from(decoded);
    empty_amqp_pool(&pool);
    return out;
}

}  // namespace

TEST_CASE("every type of header passes the wire exactly") {
    const HeaderTable inner{{"deep", {std::string("x")}}, {"n", {std::int64_t(-1)}}};
    const HeaderTable table{
        {"void", {}},
        {"yes", {true}},
        {"no", {false}},
        {"i8", {std::int8_t(-128)}},
        {"u8", {std::uint8_t(255)}},
        {"i16", {std::int16_t(-32768)}},
        {"u16", {std::uint16_t(65535)}},
        {"i32", {std::numeric_limits<std::int32_t>::min()}},
        {"u32", {std::numeric_limits<std::uint32_t>::max()}},
        {"i64", {std::numeric_limits<std::int64_t>::min()}},
        {"u64", {std::numeric_limits<std::uint64_t>::max()}},
        {"f32", {1.5f}},
        {"f64", {-0.1}},
        {"decimal", {event::HeaderDecimal{2, 12345}}},
        {"text", {std::string("gr\xc3\xbc\xc3\x9f\0e", 8)}},
        {"bytes", {event::HeaderBytes{std::string("\0\xff", 2)}}},
        {"time", {event::HeaderTimestamp{1'700'000'000}}},
        {"array", {event::HeaderArray{{std::string("a")}, {inner}, {}}}},
        {"empty array", {event::HeaderArray{}}},
        {"table", {inner}},
        {"empty table", {HeaderTable{}}},
        {"", {std::string()}},
    };
    CHECK(over_the_wire(table) == table);
}

TEST_CASE("a table nested too deep for the stack is cut") {
    constexpr std::size_t levels = 20'000;
    std::vector<amqp_table_entry_t> entries(levels);
    for (std::size_t i = 0; i < levels; ++i) {
        entries[i].key = amqp_cstring_bytes("a");
        entries[i].value.kind = i == 0 ? AMQP_FIELD_KIND_BOOLEAN : AMQP_FIELD_KIND_TABLE;
        if (i > 0) entries[i].value.value.table = {1, &entries[i - 1]};
    }
    const auto cut = table_from({1, &entries.back()});
    std::size_t depth = 1;
    const auto* table = &cut;
    while ((table = std::get_if<HeaderTable>(&table->front().second.value)) != nullptr)
        ++depth;
    CHECK(depth == 1000);
}

TEST_CASE("properties pass there and back exactly, and absent ones stay absent") {
    event::Message message;
    auto& p = message.properties;
    amqp_pool_t pool;
    init_amqp_pool(&pool, 4096);
    const auto there_and_back = [&] {
        event::Message back;
        properties_from(properties_to(message, pool), back);
        CHECK(back.properties == message.properties);
        CHECK(back.headers == message.headers);
        CHECK(back.has_headers == message.has_headers);
    };
    there_and_back();
    message.has_headers = true;  // an empty table is not the same as none
    there_and_back();
    p.content_type = "application/json";
    p.content_encoding = "";
    p.delivery_mode = 2;
    p.priority = 0;
    p.correlation_id = "c";
    p.reply_to = "r";
    p.expiration = "60000";
    p.message_id = "m";
    p.timestamp = 0;
    p.type = "t";
    p.user_id = "guest";
    p.app_id = "airy-tools";
    p.cluster_id = "x";
    message.headers = {{"h", {std::int32_t(7)}}};
    there_and_back();
    empty_amqp_pool(&pool);
}

TEST_CASE("a message that AMQP cannot carry is refused before it is sent") {
    constexpr std::size_t frame_max = 131072;
    const std::string longest(255, 'x');
    const std::string too_long(256, 'x');
    event::Message fits;
    fits.topic = longest;
    fits.properties.message_id = longest;
    fits.headers = {{longest, {std::string(100'000, 'x')}}};
    CHECK_NOTHROW(check_limits(fits, frame_max));

    const auto refused = [&](auto change) {
        event::Message message;
        change(message);
        try {
            check_limits(message, frame_max);
            return false;
        } catch (const Error& error) {
            return error.kind() == ErrorKind::invalid_event;
        }
    };
    CHECK(refused([&](auto& m) { m.topic = too_long; }));
    CHECK(refused([&](auto& m) { m.exchange = too_long; }));
    CHECK(refused([&](auto& m) { m.properties.message_id = too_long; }));
    CHECK(refused([&](auto& m) { m.properties.correlation_id = too_long; }));
    CHECK(refused([&](auto& m) { m.properties.expiration = "soon"; }));
    CHECK(refused([&](auto& m) { m.properties.expiration = "315360000001"; }));
    CHECK(refused([&](auto& m) { m.headers = {{too_long, {}}}; }));
    CHECK(refused([&](auto& m) { m.headers = {{"t", {HeaderTable{{too_long, {}}}}}}; }));
    CHECK(refused([&](auto& m) { m.headers = {{"h", {std::string(frame_max, 'x')}}}; }));

    // 22 bytes of the frame, 4 of the table, 7 of the header's name, kind and length, 3 of the
    // message id.
    constexpr std::size_t most = frame_max - 22 - 4 - 7 - 3;
    event::Message full;
    full.properties.message_id = "id";
    full.headers = {{"h", {std::string(most, 'x')}}};
    CHECK_NOTHROW(check_limits(full, frame_max));
    CHECK(refused([&](auto& m) {
        m = full;
        m.headers = {{"h", {std::string(most + 1, 'x')}}};
    }));
}

TEST_CASE("numbers for which RabbitMQ closes the connection are refused, however deep") {
    constexpr std::size_t frame_max = 131072;
    const auto reason_of = [](HeaderValue value) {
        event::Message message;
        message.headers = {{"good", {1.5}}, {"h", std::move(value)}};
        try {
            check_limits(message, frame_max);
        } catch (const Error& error) {
            return error.reason();
        }
        return Reason::general;
    };
    using Doubles = std::numeric_limits<double>;
    using Floats = std::numeric_limits<float>;
    for (const auto number : {Doubles::quiet_NaN(), Doubles::infinity(), -Doubles::infinity()}) {
        CHECK(reason_of({number}) == Reason::publish_refused);
        CHECK(reason_of({static_cast<float>(number)}) == Reason::publish_refused);
        CHECK(reason_of({HeaderArray{{1.0}, {number}}}) == Reason::publish_refused);
        CHECK(reason_of({HeaderTable{{"t", {HeaderArray{{HeaderTable{{"x", {number}}}}}}}}}) ==
              Reason::publish_refused);
    }
    CHECK(reason_of({Doubles::max()}) == Reason::general);
    CHECK(reason_of({Doubles::denorm_min()}) == Reason::general);
    CHECK(reason_of({Floats::lowest()}) == Reason::general);
    CHECK(reason_of({-0.0}) == Reason::general);
}
