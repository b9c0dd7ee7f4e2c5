// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "event/message.hpp"
#include "mq/delivery.hpp"
#include "util/clock.hpp"
#include "work/handler.hpp"
#include "work/policy.hpp"

// The replies that a consumer gives to the messages it handles. Pure; any thread.
namespace airy::work {

struct ReplyOptions {
    std::size_t most_bytes = 16 << 20;
    // Empty: as the handler told, or by the reply itself, as content_type_of says.
    std::string content_type{};
};

// Whether the sender of the message wants a reply: it has a reply_to.
bool wants_reply(const event::Message& message);

// application/json where the body is JSON, text/plain in UTF-8 where it is other text, else
// application/octet-stream; empty for an empty body.
std::string_view content_type_of(std::string_view body);

// Makes a failure of a success whose reply is too long: the message is given up, since another
// attempt would have the same reply.
void refuse_long_reply(HandlerResult& result, const ReplyOptions& options);

// The reply that the message gets once this is decided: the handler's reply, which may be empty,
// where the message is acked; where it is given up, an empty body and the header x-airy-error with
// the handler's words. nullopt: none, or none yet. Its topic is the message's reply_to, in the
// default exchange.
std::optional<event::Message> reply_to(const mq::Delivered& request, const HandlerResult& result,
                                       Action action, const ReplyOptions& options,
                                       util::SystemTime now);

// The header of the reply to a message that was given up.
inline constexpr std::string_view reply_error_header = "x-airy-error";

}  // namespace airy::work
