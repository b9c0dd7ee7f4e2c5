// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "output/pretty.hpp"

#include <fmt/core.h>

#include <chrono>
#include <ctime>

#include "util/text.hpp"

namespace airy::tools::output {
namespace {

constexpr std::size_t body_limit = 1 << 20;  // bytes shown
constexpr std::size_t topic_width = 18;      // columns; the longest event type is 16

std::string local_time(util::SystemTime time) {
    const auto milliseconds =
        std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
    const std::time_t seconds = milliseconds / 1000;
    std::tm parts{};
    ::localtime_r(&seconds, &parts);
    return fmt::format("{:02}:{:02}:{:02}.{:03}", parts.tm_hour, parts.tm_min, parts.tm_sec,
                       milliseconds % 1000);
}

}  // namespace

std::string pretty(const mq::Delivered& delivery, bool colour) {
    const char* dim = colour ? "\033[2m" : "";
    const char* bold = colour ? "\033[1;36m" : "";
    const char* plain = colour ? "\033[0m" : "";
    const auto& message = delivery.message;
    std::string topic = util::printable(message.topic);
    const std::size_t pad = topic.size() < topic_width ? topic_width - topic.size() : 0;
    std::string body = util::printable(message.body, body_limit);
    if (body.empty()) body = fmt::format("{}(empty){}", dim, plain);
    return fmt::format("{}{}{}  {}{}{}{}  {}{}\n", dim, local_time(delivery.received_at), plain,
                       bold, topic, plain, std::string(pad, ' '), body,
                       delivery.redelivered ? " (redelivered)" : "");
}

}  // namespace airy::tools::output
