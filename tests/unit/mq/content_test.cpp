// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/amqp/content.hpp"

#include <doctest/doctest.h>

#include "mq/amqp/table.hpp"

using namespace airy::mq::amqp;

namespace {

// Frames as rabbitmq-c decodes them.
struct Frames {
    amqp_basic_deliver_t deliver{};
    amqp_basic_return_t returned{};
    amqp_basic_properties_t properties{};

    amqp_frame_t method(amqp_method_number_t id, void* decoded) {
        amqp_frame_t frame{};
        frame.frame_type = AMQP_FRAME_METHOD;
        frame.payload.method.id = id;
        frame.payload.method.decoded = decoded;
        return frame;
    }
    amqp_frame_t delivery(std::uint64_t tag) {
        deliver.delivery_tag = tag;
        deliver.redelivered = 1;
        deliver.routing_key = bytes_of("post.published");
        deliver.exchange = bytes_of("airy.events");
        return method(AMQP_BASIC_DELIVER_METHOD, &deliver);
    }
    amqp_frame_t header(std::uint64_t size) {
        amqp_frame_t frame{};
        frame.frame_type = AMQP_FRAME_HEADER;
        frame.payload.properties.body_size = size;
        frame.payload.properties.decoded = &properties;
        return frame;
    }
    amqp_frame_t body(std::string_view text) {
        amqp_frame_t frame{};
        frame.frame_type = AMQP_FRAME_BODY;
        frame.payload.body_fragment = bytes_of(text);
        return frame;
    }
};

}  // namespace

TEST_CASE("a delivery comes together from its frames") {
    Frames frames;
    ContentAssembler assembler;
    CHECK(assembler.take(frames.delivery(9)));
    CHECK_FALSE(assembler.finished());
    CHECK(assembler.take(frames.header(6)));
    CHECK_FALSE(assembler.finished());
    CHECK(assembler.take(frames.body("abc")));
    CHECK_FALSE(assembler.finished());
    CHECK(assembler.take(frames.body("def")));
    const auto content = assembler.finished();
    REQUIRE(content);
    CHECK(content->delivery_tag == 9);
    CHECK(content->redelivered);
    CHECK(content->message.topic == "post.published");
    CHECK(content->message.exchange == "airy.events");
    CHECK(content->message.body == "abcdef");
    CHECK_FALSE(assembler.finished());
}

TEST_CASE("an empty message has no body frame") {
    Frames frames;
    ContentAssembler assembler;
    assembler.take(frames.delivery(1));
    assembler.take(frames.header(0));
    const auto content = assembler.finished();
    REQUIRE(content);
    CHECK(content->message.body.empty());
}

TEST_CASE("a return carries code and text") {
    Frames frames;
    ContentAssembler assembler;
    frames.returned.reply_code = 312;
    frames.returned.reply_text = bytes_of("NO_ROUTE");
    frames.returned.routing_key = bytes_of("x");
    assembler.take(frames.method(AMQP_BASIC_RETURN_METHOD, &frames.returned));
    assembler.take(frames.header(1));
    assembler.take(frames.body("b"));
    const auto content = assembler.finished();
    REQUIRE(content);
    CHECK(content->return_code == 312);
    CHECK(content->return_text == "NO_ROUTE");
    CHECK(content->message.topic == "x");
}

TEST_CASE("frames that are not part of a message are left alone") {
    Frames frames;
    ContentAssembler assembler;
    amqp_basic_ack_t ack{};
    CHECK_FALSE(assembler.take(frames.method(AMQP_BASIC_ACK_METHOD, &ack)));
    CHECK_FALSE(assembler.take(frames.body("stray")));
    CHECK_FALSE(assembler.take(frames.header(3)));
    CHECK_FALSE(assembler.finished());
}
