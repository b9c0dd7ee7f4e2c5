// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "work/http_handler.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <exception>
#include <limits>
#include <utility>

#include "event/cloud_event.hpp"
#include "event/event_id.hpp"
#include "net/http_redirect.hpp"
#include "net/url.hpp"
#include "util/text.hpp"
#include "work/http_verdict.hpp"

namespace airy::work {
namespace asio = boost::asio;
namespace {

constexpr unsigned most_redirects = 5;
// Of the body of an answer: the connection of a longer one is not worth the time to read on.
constexpr std::uint64_t most_read = 1 << 20;

net::HttpClientOptions client_options(const HttpOptions& options) {
    net::HttpClientOptions client;
    client.tls = options.tls;
    client.connections_per_origin =
        std::numeric_limits<std::size_t>::max();  // the pool has a limit
    return client;
}

bool has_header(const std::vector<net::HttpHeader>& headers, std::string_view name) {
    return std::ranges::any_of(
        headers, [name](const auto& header) { return util::equal_folded(header.name, name); });
}

}  // namespace

HttpHandler::HttpHandler(asio::io_context& loop, Timers& timers, HttpOptions options)
    : loop_(loop),
      timers_(timers),
      options_(std::move(options)),
      client_(loop, client_options(options_)) {
    if (options_.resource.server.tls) client_.prepare_tls();
}

asio::awaitable<void> HttpHandler::handle(std::span<const mq::Delivered> batch,
                                          std::span<HandlerResult> results, pool::TaskContext&) {
    for (std::size_t i = 0; i < batch.size(); ++i)
        results[i] = co_await run(batch[i]);
}

asio::awaitable<HandlerResult> HttpHandler::run(const mq::Delivered& delivered) {
    const auto running = running_.emplace(running_.end(), delivered);
    HandlerResult result;
    std::exception_ptr failure;
    try {
        result = co_await post(*running);
    } catch (const std::exception&) {
        failure = std::current_exception();
    }
    const auto ended = running->ended;
    running_.erase(running);
    if (failure && !ended) std::rethrow_exception(failure);
    // An answer that came all the same counts.
    if (!ended || (!failure && result.verdict == Verdict::success)) co_return result;
    if (*ended == Verdict::not_handled)
        co_return HandlerResult{.verdict = *ended, .reason = "stopped before it was done"};
    const std::string reason = "cancelled by an operator";
    co_return HandlerResult{.verdict = *ended, .reason = reason, .detail = {reason, {}}};
}

asio::awaitable<HandlerResult> HttpHandler::post(Running& running) {
    const auto deadline = util::steady_now() + options_.timeout;
    auto request = request_for(running.delivered);
    for (unsigned redirects = 0;; ++redirects) {
        net::HttpResponse answer;
        std::optional<Error> failure;
        try {
            answer = co_await ask(request, running);
        } catch (const Error& error) {
            failure = error;
        }
        if (failure) co_return judged(*failure);
        const bool page = names_a_page(answer.status);
        const auto* location = answer.header("Location");
        if ((!page && !repeats_elsewhere(answer.status)) || location == nullptr ||
            redirects == most_redirects)
            co_return judged(answer);
        auto target = net::redirect_target({request.url, request.target}, *location);
        if (!target) co_return judged(answer);
        request.target = std::move(*target);
        if (page) {
            request.method = "GET";
            request.body.clear();
            request.borrowed_body = {};
        }
        request.deadline =
            std::max(std::chrono::ceil<std::chrono::milliseconds>(deadline - util::steady_now()),
                     std::chrono::milliseconds(1));
    }
}

// On a cancellation of its own, so that one request can be ended.
asio::awaitable<net::HttpResponse> HttpHandler::ask(net::HttpRequest request, Running& running) {
    if (running.ended) throw boost::system::system_error(asio::error::operation_aborted);
    co_return co_await asio::co_spawn(
        loop_, client_.request(std::move(request)),
        asio::bind_cancellation_slot(running.end.slot(), asio::use_awaitable));
}

net::HttpRequest HttpHandler::request_for(const mq::Delivered& delivered) const {
    const auto& message = delivered.message;
    const auto event = event::cloud_event(message);
    net::HttpRequest request;
    request.url = options_.resource.server;
    request.target = options_.resource.target;
    request.method = "POST";
    request.deadline = options_.timeout;
    request.body_limit = most_read;
    request.keep = kept_answer + options_.mask.longest();
    // A message may be delivered twice in any case.
    request.repeatable = true;
    const auto add = [&](std::string_view name, std::string value) {
        if (!has_header(options_.headers, name))
            request.headers.push_back({std::string(name), std::move(value)});
    };
    if (options_.format == HttpFormat::structured) {
        event::append_structured(request.body, event);
        add("Content-Type", std::string(event::structured_content_type));
        for (const auto& [name, value] : event::trace_headers(event))
            add(name, value);
    } else {
        request.borrowed_body = message.body;
        auto headers = options_.format == HttpFormat::raw ? event::raw_headers(event)
                                                          : event::binary_headers(event);
        for (auto& [name, value] : headers)
            add(name, std::move(value));
    }
    add("Airy-Queue", event::header_value(delivered.queue));
    add("Airy-Attempt", std::to_string(delivered.attempt()));
    add("Airy-Redelivered", delivered.redelivered ? "true" : "false");
    request.headers.insert(request.headers.end(), options_.headers.begin(), options_.headers.end());
    return request;
}

HandlerResult HttpHandler::judged(const net::HttpResponse& answer) const {
    auto result = judge(answer, options_.mask, timers_.clock().now());
    if (answer.status >= 300 && answer.status < 400)
        if (const auto* location = answer.header("Location")) {
            const auto to = util::printable(options_.mask.masked(net::masked_url(*location)));
            result.reason = fmt::format("HTTP {}: not followed to {}", answer.status, to);
            result.detail.line = result.reason;
        }
    return result;
}

HandlerResult HttpHandler::judged(const Error& error) const {
    auto result = judge_unanswered(error);
    result.reason = fmt::format("{}: {}", options_.shown_url, options_.mask.masked(error.what()));
    result.detail.line = result.reason;
    return result;
}

std::size_t HttpHandler::cancel(std::string_view id, Verdict verdict) {
    std::size_t found = 0;
    for (auto& running : running_) {
        if (event::id_of(running.delivered.message) != id) continue;
        ++found;
        stop(running, verdict);
    }
    return found;
}

void HttpHandler::stop(Running& running, Verdict verdict) {
    if (!running.ended) running.ended = verdict;
    running.end.emit(asio::cancellation_type::terminal);
}

void HttpHandler::stop_all() {
    for (auto& running : running_)
        stop(running, Verdict::not_handled);
}

}  // namespace airy::work
