// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "work/reply.hpp"

#include <fmt/core.h>

#include <chrono>

#include "util/json_text.hpp"
#include "util/text.hpp"
#include "util/uuid.hpp"

namespace airy::work {
namespace {

constexpr std::size_t words_limit = 1024;  // bytes

std::string words_of(const HandlerResult& result) {
    const auto& words = result.detail.line.empty() ? result.reason : result.detail.line;
    return util::printable(words.empty() ? "the handler failed" : words, words_limit);
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
    if (result.reply->size() <= options.most_bytes) return;
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
    reply.body = result.reply.value_or(std::string());
    const auto type = options.content_type.empty() ? content_type_of(reply.body)
                                                   : std::string_view(options.content_type);
    if (!type.empty()) properties.content_type = type;
    return reply;
}

}  // namespace airy::work
