// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/amqp/content.hpp"

#include <algorithm>
#include <utility>

#include "mq/amqp/table.hpp"

namespace airy::mq::amqp {
namespace {

// A header may announce any size; beyond this, memory is allocated as the bodies come.
constexpr std::uint64_t reserve_limit = 1 << 20;  // bytes

}  // namespace

bool ContentAssembler::take_method(const amqp_method_t& method) {
    if (method.id == AMQP_BASIC_DELIVER_METHOD) {
        const auto* deliver = static_cast<const amqp_basic_deliver_t*>(method.decoded);
        content_ = {};
        content_.delivery_tag = deliver->delivery_tag;
        content_.redelivered = deliver->redelivered != 0;
        content_.consumer_tag = view_of(deliver->consumer_tag);
        content_.message.exchange = view_of(deliver->exchange);
        content_.message.topic = view_of(deliver->routing_key);
    } else if (method.id == AMQP_BASIC_RETURN_METHOD) {
        const auto* returned = static_cast<const amqp_basic_return_t*>(method.decoded);
        content_ = {};
        content_.return_code = returned->reply_code;
        content_.return_text = view_of(returned->reply_text);
        content_.message.exchange = view_of(returned->exchange);
        content_.message.topic = view_of(returned->routing_key);
    } else {
        return false;
    }
    awaits_ = Awaits::header;
    return true;
}

bool ContentAssembler::take(const amqp_frame_t& frame) {
    if (frame.frame_type == AMQP_FRAME_METHOD) return take_method(frame.payload.method);
    if (frame.frame_type == AMQP_FRAME_HEADER && awaits_ == Awaits::header) {
        const auto& properties = frame.payload.properties;
        properties_from(*static_cast<const amqp_basic_properties_t*>(properties.decoded),
                        content_.message);
        body_size_ = properties.body_size;
        content_.message.body.reserve(std::min(body_size_, reserve_limit));
        awaits_ = body_size_ == 0 ? Awaits::nothing : Awaits::body;
        return true;
    }
    if (frame.frame_type == AMQP_FRAME_BODY && awaits_ == Awaits::body) {
        content_.message.body += view_of(frame.payload.body_fragment);
        if (content_.message.body.size() >= body_size_) awaits_ = Awaits::nothing;
        return true;
    }
    return false;
}

std::optional<ContentAssembler::Content> ContentAssembler::finished() {
    if (awaits_ != Awaits::nothing) return std::nullopt;
    awaits_ = Awaits::method;
    return std::move(content_);
}

}  // namespace airy::mq::amqp
