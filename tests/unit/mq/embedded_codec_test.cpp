// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/embedded/codec.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <random>

#include "event/limits.hpp"
#include "util/error.hpp"

namespace airy::mq::embedded {
namespace {

event::Message sample() {
    event::Message message;
    message.properties = {.content_type = "application/json",
                          .content_encoding = "",
                          .delivery_mode = 2,
                          .priority = 255,
                          .correlation_id = std::string("a\0b", 3),
                          .reply_to = "r",
                          .expiration = "1000",
                          .message_id = "m",
                          .timestamp = std::numeric_limits<std::uint64_t>::max(),
                          .type = "t",
                          .user_id = "u",
                          .app_id = "p",
                          .cluster_id = "c"};
    message.has_headers = true;
    message.headers = {
        {"void", {}},
        {"bool", {true}},
        {"i8", {std::int8_t{-128}}},
        {"u8", {std::uint8_t{255}}},
        {"i16", {std::int16_t{-32768}}},
        {"u16", {std::uint16_t{65535}}},
        {"i32", {std::numeric_limits<std::int32_t>::min()}},
        {"u32", {std::numeric_limits<std::uint32_t>::max()}},
        {"i64", {std::numeric_limits<std::int64_t>::min()}},
        {"u64", {std::numeric_limits<std::uint64_t>::max()}},
        {"float", {1.5f}},
        {"double", {-0.1}},
        {"decimal", {event::HeaderDecimal{2, 314}}},
        {"text", {std::string("grüße")}},
        {"bytes", {event::HeaderBytes{std::string("\xff\0", 2)}}},
        {"time", {event::HeaderTimestamp{1}}},
        {"list", {event::HeaderArray{{std::int64_t{1}}, {event::HeaderTable{{"k", {false}}}}}}},
        {"table", {event::HeaderTable{{"", {std::string()}}}}}};
    return message;
}

}  // namespace

TEST_CASE("every property and every type of header comes back as it was") {
    const auto message = sample();
    std::string bytes;
    append_meta(bytes, message);
    event::Message read;
    read.properties.app_id = "of an earlier message";
    read_meta(bytes, read);
    CHECK(read.properties == message.properties);
    CHECK(read.headers == message.headers);
    CHECK(decode_table(encode_table(message.headers)) == message.headers);
}

TEST_CASE("an empty header table is not none") {
    for (const bool has : {false, true}) {
        event::Message message;
        message.has_headers = has;
        std::string bytes;
        append_meta(bytes, message);
        event::Message read;
        read_meta(bytes, read);
        CHECK(read.has_headers == has);
        CHECK(read.properties == event::Properties{});
    }
}

TEST_CASE("what is not too deep to be sent is not too deep to be read") {
    event::HeaderValue value{std::int64_t{1}};
    for (std::size_t depth = 1; depth < event::header_depth_limit; ++depth)
        value = event::HeaderValue{event::HeaderArray{value}};
    const event::HeaderTable deepest = {{"x", value}};
    REQUIRE_FALSE(event::is_too_deep(deepest));
    CHECK(decode_table(encode_table(deepest)) == deepest);
    const event::HeaderTable beyond = {{"x", {event::HeaderArray{value}}}};
    REQUIRE(event::is_too_deep(beyond));
    CHECK_THROWS_AS(decode_table(encode_table(beyond)), Error);
}

TEST_CASE("damaged bytes are an error and never more than that") {
    std::string bytes;
    append_meta(bytes, sample());
    event::Message read;
    for (std::size_t size = 0; size < bytes.size(); ++size)
        CHECK_THROWS_AS(read_meta(std::string_view(bytes).substr(0, size), read), Error);
    CHECK_THROWS_AS(read_meta(bytes + "x", read), Error);
    std::mt19937 random(7);
    for (int i = 0; i < 20'000; ++i) {
        auto damaged = bytes;
        for (int change = 0; change < 3; ++change)
            damaged[random() % damaged.size()] = static_cast<char>(random());
        try {
            read_meta(damaged, read);
        } catch (const Error&) {
        }
    }
    const std::string deep(100'000, '\x10');
    CHECK_THROWS_AS(decode_table(deep), Error);
}

}  // namespace airy::mq::embedded
