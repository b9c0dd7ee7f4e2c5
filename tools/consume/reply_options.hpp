// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/app.hpp"
#include "consume/handler_kind.hpp"
#include "mq/publisher.hpp"
#include "work/reply.hpp"

namespace airy::tools::consume {

// `--reply`, and the form of the replies.
struct ReplyOptions {
    bool wanted = false;
    std::uint64_t most_bytes = 16 << 20;
    std::string content_type;
    std::vector<std::string> of_replies;  // given options about replies
    std::vector<std::string> of_form;     // and of these, about their form

    void add(cli::App& app);
    // Throws Error{usage} beside a kind that gives no replies, and for options without effect.
    void check(const HandlerKind& kind) const;

    work::ReplyOptions form() const { return {most_bytes, content_type}; }
    std::optional<std::size_t> limit() const;
    // Of the publisher that sends them.
    mq::PublisherOptions publisher() const;
};

}  // namespace airy::tools::consume
