// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "work/reply.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <string_view>

#include "util/json_text.hpp"
#include "util/text.hpp"
#include "util/uuid.hpp"

namespace airy::work {
namespace {

constexpr std::size_t words_limit = 1024;  // bytes

std::string words_of(const HandlerResult& result) {
    const auto& detail = result.detail;
    for (const auto* words : {&detail.for_requester, &detail.line, &result.reason})
        if (!words->empty()) return util::printable(*words, words_limit);
    return "the handler failed";
}

// Whether a property of a message can hold the value of a header, which comes from outside.
bool fits_property(std::string_view text) {
    constexpr std::size_t longest = 255;  // bytes, of a short string in AMQP 0-9-1
    return text.size() <= longest &&
           std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
}

void describe_body(const HandlerReply& answer, const ReplyOptions& options, event::Message& reply) {
    std::string_view type = options.content_type;
    if (type.empty() && fits_property(answer.content_type)) type = answer.content_type;
    if (type.empty()) type = content_type_of(reply.body);
    if (!type.empty()) reply.properties.content_type = type;
    if (!answer.content_encoding.empty() && fits_property(answer.content_encoding))
        reply.properties.content_encoding = answer.content_encoding;
}

std::optional<std::uint64_t> seconds_since_1970(util::SystemTime time) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(time.time_since_epoch()).count();
    if (seconds < 0) return std::nullopt;
    return static_cast<std::uint64_t>(seconds);
}

}  // namespace

bool wants_reply(const event::Message& message) {
    const auto& address = message.properties.reply_to;
    return address && !address->empty();
}

std::string_view content_type_of(std::string_view body) {
    if (body.empty()) return {};
    if (!util::check_json(body)) return "application/json";
    if (util::is_utf8(body)) return "text/plain; charset=utf-8";
    return "application/octet-stream";
}

void refuse_long_reply(HandlerResult& result, const ReplyOptions& options) {
    if (result.verdict != Verdict::success || !result.reply) return;
    if (result.reply->body.size() <= options.most_bytes) return;
    result.verdict = Verdict::reject;
    result.reason = fmt::format("its reply is longer than {} bytes", options.most_bytes);
    result.reply.reset();
}

std::optional<event::Message> reply_to(const mq::Delivered& request, const HandlerResult& result,
                                       Action action, const ReplyOptions& options,
                                       util::SystemTime now) {
    if (!wants_reply(request.message)) return std::nullopt;
    const bool given_up = action == Action::dead_letter || action == Action::discard;
    if (!given_up && action != Action::ack) return std::nullopt;
    const auto& asked = request.message.properties;
    event::Message reply;
    reply.topic = *asked.reply_to;
    auto& properties = reply.properties;
    properties.correlation_id = asked.correlation_id;
    properties.delivery_mode = asked.delivery_mode;  // it need not outlive the request
    properties.message_id = util::uuid_v4();
    properties.timestamp = seconds_since_1970(now);
    properties.app_id = "airy-tools";
    if (given_up) {
        reply.has_headers = true;
        reply.headers.emplace_back(reply_error_header, event::HeaderValue{words_of(result)});
        return reply;
    }
    const HandlerReply none;
    const auto& answer = result.reply ? *result.reply : none;
    reply.body = answer.body;
    describe_body(answer, options, reply);
    return reply;
}

}  // namespace airy::work
