// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "net/http_client.hpp"
#include "net/http_url.hpp"
#include "util/secret_mask.hpp"
#include "work/batch_options.hpp"
#include "work/handler.hpp"
#include "work/split_notice.hpp"
#include "work/timers.hpp"

namespace airy::work {

// How a request tells of its message.
enum class HttpFormat : std::uint8_t {
    binary,      // CloudEvents: the attributes are headers, the body is the message's
    structured,  // CloudEvents: one JSON object
    raw,         // the message's body, and headers named as the variables of a command
};

struct HttpOptions {
    net::HttpResource resource;
    net::TlsOptions tls;
    std::vector<net::HttpHeader> headers;  // of each request; they replace ours of the same name
    HttpFormat format = HttpFormat::binary;
    std::chrono::milliseconds timeout = std::chrono::seconds(30);  // for one request
    util::SecretMask mask{};                                       // of the headers and the login
    std::string shown_url;                                         // without secrets
    // The most bytes of a reply to a message that wants one: the body of the answer. Absent:
    // messages get no replies.
    std::optional<std::size_t> most_of_reply{};
    // Several messages in one request, as CloudEvents in the JSON batch format, whatever `format`
    // is; http_batch.cpp.
    std::optional<BatchOptions> batch{};
};

// Posts each message, or each batch, to a web service, which answers with the verdict. Many
// requests are under way at once, over connections that are kept.
class HttpHandler final : public Handler {
  public:
    // Throws for files of the TLS options that cannot be used.
    HttpHandler(boost::asio::io_context& loop, Timers& timers, HttpOptions options);

    std::size_t batch_limit() const noexcept override {
        return options_.batch ? options_.batch->most : 1;
    }
    // The service may have failed because of one message of a batch, without a word about it.
    bool retries_alone() const noexcept override { return options_.batch && options_.batch->split; }
    boost::asio::awaitable<void> handle(std::span<const mq::Delivered> batch,
                                        std::span<HandlerResult> results,
                                        pool::TaskContext& context) override;
    std::size_t cancel(std::string_view id, Verdict verdict) override;
    // An answer cannot be hurried: the requests under way end, and their messages go back.
    void ask_to_stop() override { stop_all(); }
    void kill() override { stop_all(); }

  private:
    // Messages whose request is under way.
    struct Running {
        explicit Running(std::span<const mq::Delivered> which) : messages(which) {}

        std::span<const mq::Delivered> messages;
        boost::asio::cancellation_signal end{};
        std::optional<Verdict> ended{};  // set by whoever ended it
        std::vector<bool> cancelled{};   // which of them; empty: none
    };
    // The result of a request, and which of its messages were cancelled and not handled all the
    // same; empty: none.
    struct Outcome {
        HandlerResult result{};
        std::vector<bool> cancelled{};
    };
    boost::asio::awaitable<Outcome> run(std::span<const mq::Delivered> messages);
    boost::asio::awaitable<void> run_batch(std::span<const mq::Delivered> batch,
                                           std::span<HandlerResult> results);
    boost::asio::awaitable<std::optional<HandlerResult>> run_together(
        std::span<const mq::Delivered> batch, std::span<HandlerResult> results);
    boost::asio::awaitable<HandlerResult> post(Running& running);
    boost::asio::awaitable<net::HttpResponse> ask(Running& running, const std::string& target,
                                                  bool page, util::SteadyTime deadline);
    static HandlerReply reply_of(net::HttpResponse&& answer);
    bool replies_to(const mq::Delivered& delivered) const;
    net::HttpRequest request_for(std::span<const mq::Delivered> messages, std::string target,
                                 bool page, util::SteadyTime deadline) const;
    void tell(const mq::Delivered& delivered, net::HttpRequest& request, bool page) const;
    void tell_batch(std::span<const mq::Delivered> batch, net::HttpRequest& request,
                    bool page) const;
    void add_header(net::HttpRequest& request, std::string_view name, std::string value) const;
    HandlerResult judged(const net::HttpResponse& answer, unsigned followed) const;
    HandlerResult judged(const Error& error) const;
    static void stop(Running& running, Verdict verdict);
    void stop_all();

    boost::asio::io_context& loop_;
    Timers& timers_;
    const HttpOptions options_;
    net::HttpClient client_;
    SplitNotice split_notice_;
    std::list<Running> running_;
    bool stopping_ = false;
};

}  // namespace airy::work
