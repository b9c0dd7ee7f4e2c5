// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
// A request to a web service for several messages at once.
#include <algorithm>
#include <string>
#include <utility>

#include "event/cloud_event.hpp"
#include "work/http_handler.hpp"
#include "work/http_verdict.hpp"

namespace airy::work {
namespace asio = boost::asio;

// Posts the messages together; after a failure that may be that of a part, those that are left one
// by one, until an answer speaks of the service. That one is then the result of all that are left:
// further requests would only be more load.
asio::awaitable<void> HttpHandler::run_batch(std::span<const mq::Delivered> batch,
                                             std::span<HandlerResult> results) {
    const auto failure = co_await run_together(batch, results);
    if (!failure || stopping_) co_return;
    split_notice_.tell(batch.size(), *failure);
    for (std::size_t i = 0; i < batch.size() && !stopping_; ++i) {
        if (results[i].verdict != Verdict::not_handled) continue;
        auto outcome = co_await run(batch.subspan(i, 1));
        results[i] = std::move(outcome.result);
        const bool own = results[i].verdict == Verdict::success || !outcome.cancelled.empty() ||
                         may_blame_a_part(results[i]);
        if (own) continue;
        const auto of_service = results[i];
        std::ranges::replace_if(
            results.subspan(i),
            [](const auto& result) { return result.verdict == Verdict::not_handled; }, of_service);
        co_return;
    }
}

// Returns the failure of the batch where the messages that are still `not_handled` are to be posted
// alone.
asio::awaitable<std::optional<HandlerResult>> HttpHandler::run_together(
    std::span<const mq::Delivered> batch, std::span<HandlerResult> results) {
    auto outcome = co_await run(batch);
    auto& judged = outcome.result;
    const auto& cancelled = outcome.cancelled;
    for (std::size_t i = 0; i < cancelled.size(); ++i)
        if (cancelled[i]) results[i] = judged;
    if (!cancelled.empty()) judged.verdict = Verdict::retry;
    const bool may_split = !cancelled.empty() || may_blame_a_part(judged);
    if (batch.size() > 1 && options_.batch->split && may_split) co_return std::move(judged);
    for (std::size_t i = 0; i < results.size(); ++i)
        if (cancelled.empty() || !cancelled[i]) results[i] = judged;
    co_return std::nullopt;
}

void HttpHandler::tell_batch(std::span<const mq::Delivered> batch, net::HttpRequest& request,
                             bool page) const {
    add_header(request, "Airy-Batch-Size", std::to_string(batch.size()));
    if (page) return;
    for (const auto& delivered : batch) {
        request.body += request.body.empty() ? '[' : ',';
        event::append_structured(request.body, event::cloud_event(delivered.message));
    }
    request.body += ']';
    add_header(request, "Content-Type", std::string(event::batch_content_type));
}

}  // namespace airy::work
