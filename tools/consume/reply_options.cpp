// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "consume/reply_options.hpp"

#include <fmt/core.h>

#include "options.hpp"
#include "util/error.hpp"

namespace airy::tools::consume {
namespace {

constexpr std::uint64_t longest_reply = 128 << 20;  // RabbitMQ's own limit of a message
constexpr std::size_t longest_type = 255;           // the protocol's limit

}  // namespace

void ReplyOptions::add(cli::App& app) {
    const std::string group = "Replies";
    app.flag("--reply", wanted,
             "answer messages that have a reply_to: a command's stdout is the reply")
        .note(of_replies)
        .group(group);
    app.size("--reply-max", most_bytes, longest_reply,
             "a message with a longer reply is dead-lettered [16MiB]")
        .note(of_replies)
        .note(of_form)
        .group(group);
    app.option("--reply-type", content_type, "content type of the replies [by their form]")
        .type_name("TYPE")
        .note(of_replies)
        .note(of_form)
        .group(group);
}

void ReplyOptions::check(const HandlerKind& kind) const {
    if (!kind.can_fail())
        refuse_without_effect(of_replies, fmt::format("beside {}", kind.name()),
                              "it is for handlers that answer; printing does not");
    if (!wanted)
        refuse_without_effect(of_form, "without --reply",
                              "it is for the replies that --reply sends");
    if (content_type.size() > longest_type)
        throw Error(ErrorKind::usage,
                    fmt::format("--reply-type: a content type has {} bytes at most", longest_type));
}

std::optional<std::size_t> ReplyOptions::limit() const {
    if (!wanted) return std::nullopt;
    return most_bytes;
}

mq::PublisherOptions ReplyOptions::publisher() const {
    mq::PublisherOptions options;
    options.mandatory = false;  // the requester may be gone
    return options;
}

}  // namespace airy::tools::consume
