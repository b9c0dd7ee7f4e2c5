// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include <fmt/core.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <iterator>

#include "consume/handler_kind.hpp"
#include "consume/http_headers.hpp"
#include "consume/http_secrets.hpp"
#include "net/tls_context.hpp"
#include "net/url.hpp"
#include "util/error.hpp"
#include "work/http_handler.hpp"

namespace airy::tools::consume {
namespace {

// Beside one for each request: the broker's connections, the files of SQLite, the control socket
// and its clients.
constexpr rlim_t other_descriptors = 128;
constexpr rlim_t most_requests = 100'000;  // --pool-size
constexpr std::size_t usual_requests = 64;

rlimit descriptor_limit() {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    return limit;
}

// The most requests at once that the system allows descriptors for.
std::size_t requests_with_descriptors() {
    const auto limit = descriptor_limit().rlim_max;
    if (limit == RLIM_INFINITY) return most_requests;
    return limit > other_descriptors ? std::min(limit - other_descriptors, most_requests) : 0;
}

// Raises the limit so far that slots may be added later.
void raise_descriptor_limit() {
    auto limit = descriptor_limit();
    const auto wanted = std::min(most_requests + other_descriptors, limit.rlim_max);
    if (limit.rlim_cur >= wanted) return;
    limit.rlim_cur = wanted;
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

work::HttpFormat format_of(const std::string& word) {
    if (word == "structured") return work::HttpFormat::structured;
    return word == "raw" ? work::HttpFormat::raw : work::HttpFormat::binary;
}

// `--http URL`: posts each message to a web service.
class HttpKind final : public HandlerKind {
  public:
    std::string_view name() const override { return "--http"; }

    void add_options(cli::App& app) override {
        const std::string group = "HTTP";
        app.option("--http", url_,
                   "instead of a command: POST each message to this web service, whose answer "
                   "decides about it")
            .type_name("URL")
            .note(chosen_)
            .group(group);
        app.option("--http-header", headers_,
                   "a header of each request; the value may be @FILE, which keeps a secret out of "
                   "the arguments")
            .type_name("NAME:VALUE")
            .one_each()
            .note(given_)
            .group(group);
        app.option("--http-header-file", header_file_, "a file with such headers, one a line")
            .type_name("FILE")
            .note(given_)
            .group(group);
        app.option("--http-format", format_,
                   "cloudevents: the body, and headers as CloudEvents has them; structured: one "
                   "JSON object; raw: the body [cloudevents]")
            .one_of({"cloudevents", "structured", "raw"})
            .type_name("FORMAT")
            .note(given_)
            .group(group);
        app.duration("--http-timeout", timeout_, "for the answer to one request [30s]")
            .note(given_)
            .group(group);
        app.option("--http-cacert", authorities_,
                   "trust the authorities in this file for the web service [the system's]")
            .type_name("FILE")
            .note(given_)
            .group(group);
    }

    bool is_chosen(const std::vector<std::string>&) const override { return chosen_; }
    const std::vector<std::string>& own_options() const override { return given_; }
    std::string own_options_hint() const override { return "it belongs to --http URL"; }

    void check(const std::vector<std::string>&) override {
        if (timeout_ < std::chrono::milliseconds(1))
            throw Error(ErrorKind::usage, "--http-timeout must be longer than 0s");
        options_.timeout = std::chrono::ceil<std::chrono::milliseconds>(timeout_);
        constexpr net::HttpUrlKind kind{.name = "URL of --http"};
        options_.resource = net::parse_http_resource(url_, kind);
        options_.shown_url = net::masked_url(url_);
        options_.format = format_of(format_);
        check_authorities();
        options_.headers = read_http_headers(headers_, header_file_);
        auto secrets = secrets_of(options_.headers);
        std::ranges::move(secrets_of(options_.resource), std::back_inserter(secrets));
        options_.mask = util::SecretMask(std::move(secrets));
        check_headers();
    }

    void use_batches(const work::BatchOptions& options) override {
        if (options_.format == work::HttpFormat::raw)
            throw Error(ErrorKind::usage, "--http-format raw and --batch exclude each other",
                        "a batch is one JSON array of CloudEvents, with the bodies as their data");
        options_.batch = options;
    }

    // Requests wait for their answers, and cost a socket each. A small service is not swamped.
    std::size_t default_slots() const override {
        return std::min(usual_requests, std::max<std::size_t>(requests_with_descriptors(), 1));
    }
    std::size_t most_slots() const override { return requests_with_descriptors(); }
    std::size_t most_slots_by_environment() const override { return requests_with_descriptors(); }
    // The thread looks the host's name up.
    util::Room room() const override { return {1, 0, 1}; }
    bool can_fail() const override { return true; }

    std::unique_ptr<work::Handler> make(const Stage& stage) override {
        raise_descriptor_limit();
        const auto most = requests_with_descriptors();
        if (stage.slots > most)
            throw Error(
                ErrorKind::general,
                fmt::format("cannot have {} requests at once: {}", stage.slots, util::file_limit()),
                most == 0 ? fmt::format("a limit of more than {} leaves room for requests",
                                        other_descriptors)
                          : fmt::format("--pool-size takes up to {} with this limit", most));
        options_.most_of_reply = stage.most_of_reply;
        return std::make_unique<work::HttpHandler>(stage.loop, stage.timers, options_);
    }

  private:
    void check_authorities() {
        if (authorities_.empty()) return;
        if (!options_.resource.server.tls)
            throw Error(ErrorKind::usage, "--http-cacert has no effect on an http:// URL");
        options_.tls.ca_file = authorities_;
        try {
            net::make_tls_context(options_.tls);
        } catch (const Error& error) {
            throw Error(ErrorKind::usage, fmt::format("--http-cacert: {}", error.what()));
        }
    }

    // Throws for a header that no request can have.
    void check_headers() const {
        net::HttpRequest request;
        request.url = options_.resource.server;
        request.target = options_.resource.target;
        request.headers = options_.headers;
        net::http_request_head(request, true);
    }

    bool chosen_ = false;
    std::string url_;
    std::vector<std::string> headers_;
    std::string header_file_;
    std::string format_ = "cloudevents";
    std::chrono::nanoseconds timeout_ = std::chrono::seconds(30);
    std::string authorities_;
    std::vector<std::string> given_;  // options above, but --http, that were given
    work::HttpOptions options_;
};

}  // namespace

std::unique_ptr<HandlerKind> make_http_kind() {
    return std::make_unique<HttpKind>();
}

}  // namespace airy::tools::consume
