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
#include "work/reply.hpp"

namespace airy::work {
namespace asio = boost::asio;
namespace {

constexpr unsigned most_redirects = 5;
constexpr std::size_t most_usual_headers = 12;
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
      client_(loop, client_options(options_)),
      split_notice_(timers.clock()) {
    if (options_.resource.server.tls) client_.prepare_tls();
}

asio::awaitable<void> HttpHandler::handle(std::span<const mq::Delivered> batch,
                                          std::span<HandlerResult> results, pool::TaskContext&) {
    if (options_.batch) {
        co_await run_batch(batch, results);
        co_return;
    }
    for (std::size_t i = 0; i < batch.size(); ++i) {
        auto outcome = co_await run(batch.subspan(i, 1));
        results[i] = std::move(outcome.result);
    }
}

asio::awaitable<HttpHandler::Outcome> HttpHandler::run(std::span<const mq::Delivered> messages) {
    const auto running = running_.emplace(running_.end(), messages);
    HandlerResult result;
    std::exception_ptr failure;
    try {
        result = co_await post(*running);
    } catch (const std::exception&) {
        failure = std::current_exception();
    }
    const auto ended = running->ended;
    auto cancelled = std::move(running->cancelled);
    running_.erase(running);
    if (failure && !ended) std::rethrow_exception(failure);
    Outcome outcome;
    outcome.result = std::move(result);
    // An answer that came all the same counts.
    if (!ended || (!failure && outcome.result.verdict == Verdict::success)) co_return outcome;
    const bool stopped = *ended == Verdict::not_handled;
    outcome.result = {
        .verdict = *ended,
        .reason = stopped ? "stopped before it was done" : "cancelled by an operator"};
    if (!stopped) outcome.result.detail.line = outcome.result.reason;
    outcome.cancelled = std::move(cancelled);
    co_return outcome;
}

asio::awaitable<HandlerResult> HttpHandler::post(Running& running) {
    const auto deadline = util::steady_now() + options_.timeout;
    net::HttpResource place = options_.resource;
    bool page = false;
    for (unsigned redirects = 0;; ++redirects) {
        net::HttpResponse answer;
        std::optional<Error> failure;
        try {
            answer = co_await ask(running, place.target, page, deadline);
        } catch (const Error& error) {
            failure = error;
        }
        if (failure) co_return judged(*failure);
        page = page || names_a_page(answer.status);
        const auto* location = answer.header("Location");
        if ((!names_a_page(answer.status) && !repeats_elsewhere(answer.status)) ||
            location == nullptr || redirects == most_redirects) {
            auto result = judged(answer, redirects);
            if (result.verdict == Verdict::success && replies_to(running.messages.front()))
                result.reply = reply_of(std::move(answer));
            co_return result;
        }
        auto target = net::redirect_target(place, *location);
        if (!target) co_return judged(answer, redirects);
        place.target = std::move(*target);
    }
}

HandlerReply HttpHandler::reply_of(net::HttpResponse&& answer) {
    const auto told = [&answer](std::string_view name) {
        const auto* value = answer.header(name);
        return value == nullptr ? std::string() : *value;
    };
    HandlerReply reply{.body = {},
                       .content_type = told("Content-Type"),
                       .content_encoding = told("Content-Encoding")};
    if (util::equal_folded(reply.content_encoding, "identity")) reply.content_encoding.clear();
    reply.body = std::move(answer.body);
    return reply;
}

bool HttpHandler::replies_to(const mq::Delivered& delivered) const {
    return options_.most_of_reply && wants_reply(delivered.message);
}

// On a cancellation of its own, so that one request can be ended. No coroutine, since thousands of
// requests are under way at once and each would hold its frame.
asio::awaitable<net::HttpResponse> HttpHandler::ask(Running& running, const std::string& target,
                                                    bool page, util::SteadyTime deadline) {
    if (running.ended) throw boost::system::system_error(asio::error::operation_aborted);
    return asio::co_spawn(loop_,
                          client_.request(request_for(running.messages, target, page, deadline)),
                          asio::bind_cancellation_slot(running.end.slot(), asio::use_awaitable));
}

// `page`: gets a page, and posts nothing.
net::HttpRequest HttpHandler::request_for(std::span<const mq::Delivered> messages,
                                          std::string target, bool page,
                                          util::SteadyTime deadline) const {
    using std::chrono::milliseconds;
    net::HttpRequest request;
    request.headers.reserve(most_usual_headers + options_.headers.size());
    request.url = options_.resource.server;
    request.target = std::move(target);
    request.method = page ? "GET" : "POST";
    request.deadline =
        std::max(std::chrono::ceil<milliseconds>(deadline - util::steady_now()), milliseconds(1));
    // A reply that is too long is told by one byte too many.
    const auto of_reply = replies_to(messages.front()) ? *options_.most_of_reply + 1 : 0;
    request.body_limit = std::max<std::uint64_t>(most_read, of_reply);
    request.keep = std::max<std::size_t>(kept_answer + options_.mask.longest(), of_reply);
    // A message may be delivered twice in any case.
    request.repeatable = true;
    if (options_.batch)
        tell_batch(messages, request, page);
    else
        tell(messages.front(), request, page);
    add_header(request, "Airy-Queue", event::header_value(messages.front().queue));
    request.headers.insert(request.headers.end(), options_.headers.begin(), options_.headers.end());
    return request;
}

void HttpHandler::tell(const mq::Delivered& delivered, net::HttpRequest& request, bool page) const {
    add_header(request, "Airy-Attempt", std::to_string(delivered.attempt()));
    add_header(request, "Airy-Redelivered", delivered.redelivered ? "true" : "false");
    if (page) return;
    const auto& message = delivered.message;
    const auto event = event::cloud_event(message);
    std::vector<event::CloudHeader> headers;
    switch (options_.format) {
        case HttpFormat::binary:
            request.borrowed_body = message.body;
            headers = event::binary_headers(event);
            break;
        case HttpFormat::structured:
            event::append_structured(request.body, event);
            headers = event::trace_headers(event);
            headers.push_back({"Content-Type", std::string(event::structured_content_type)});
            break;
        case HttpFormat::raw:
            request.borrowed_body = message.body;
            headers = event::raw_headers(event);
            break;
    }
    for (auto& [name, value] : headers)
        add_header(request, name, std::move(value));
}

void HttpHandler::add_header(net::HttpRequest& request, std::string_view name,
                             std::string value) const {
    if (!has_header(options_.headers, name))
        request.headers.push_back({std::string(name), std::move(value)});
}

// `followed`: the redirects before this answer.
HandlerResult HttpHandler::judged(const net::HttpResponse& answer, unsigned followed) const {
    auto result = judge(answer, options_.mask, timers_.clock().now());
    if (answer.status >= 300 && answer.status < 400)
        if (const auto* location = answer.header("Location")) {
            const auto to = util::printable(options_.mask.masked(net::masked_url(*location)));
            const auto after =
                followed < most_redirects ? "" : fmt::format(" after {} redirects", followed);
            result.reason = fmt::format("HTTP {}: not followed to {}{}", answer.status, to, after);
            result.detail.line = result.reason;
            result.detail.for_requester =
                fmt::format("HTTP {}: not followed{}", answer.status, after);
        }
    return result;
}

HandlerResult HttpHandler::judged(const Error& error) const {
    auto result = judge_unanswered(error);
    // A requester need not know the places inside.
    result.detail.for_requester = options_.mask.masked(error.what());
    result.reason = fmt::format("{}: {}", options_.shown_url, result.detail.for_requester);
    result.detail.line = result.reason;
    return result;
}

std::size_t HttpHandler::cancel(std::string_view id, Verdict verdict) {
    std::size_t found = 0;
    for (auto& running : running_) {
        for (std::size_t i = 0; i < running.messages.size(); ++i) {
            if (event::id_of(running.messages[i].message) != id) continue;
            ++found;
            running.cancelled.resize(running.messages.size());
            running.cancelled[i] = true;
            stop(running, verdict);
        }
    }
    return found;
}

void HttpHandler::stop(Running& running, Verdict verdict) {
    if (!running.ended) running.ended = verdict;
    running.end.emit(asio::cancellation_type::terminal);
}

void HttpHandler::stop_all() {
    stopping_ = true;
    for (auto& running : running_)
        stop(running, Verdict::not_handled);
}

}  // namespace airy::work
