// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/amqp/connection.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <new>
#include <utility>
#include <vector>

#include "mq/amqp/errors.hpp"
#include "mq/amqp/interrupt_watch.hpp"
#include "mq/amqp/login_error.hpp"
#include "mq/amqp/socket.hpp"
#include "mq/amqp/table.hpp"
#include "net/percent.hpp"
#include "util/log.hpp"

namespace airy::mq::amqp {
namespace {

constexpr int frame_max = 131072;                // bytes; RabbitMQ's own default
constexpr std::chrono::seconds rpc_timeout{30};  // declaring a quorum queue can take seconds

timeval timeval_of(std::chrono::milliseconds duration) {
    return {duration.count() / 1000, (duration.count() % 1000) * 1000};
}

amqp_table_entry_t entry(const char* key, amqp_field_value_t value) {
    return {amqp_cstring_bytes(key), value};
}

amqp_field_value_t text_value(std::string_view text) {
    amqp_field_value_t value{};
    value.kind = AMQP_FIELD_KIND_UTF8;
    value.value.bytes = bytes_of(text);
    return value;
}

amqp_field_value_t true_value() {
    amqp_field_value_t value{};
    value.kind = AMQP_FIELD_KIND_BOOLEAN;
    value.value.boolean = 1;
    return value;
}

// One URL for each host, with that host first.
std::vector<AmqpUrl> urls_by_host(const AmqpUrl& url) {
    std::vector<AmqpUrl> urls{url};
    for (const auto& [host, port] : url.more_hosts) {
        urls.push_back(url);
        urls.back().host = host;
        urls.back().port = port;
    }
    return urls;
}

// The URL of one of several hosts, as messages show it.
std::string url_of_host(const AmqpUrl& url) {
    const bool bracketed = url.host.find(':') != std::string::npos;
    return fmt::format("{}://{}:***@{}:{}/", url.tls ? "amqps" : "amqp",
                       net::percent_encode(url.user), bracketed ? "[" + url.host + "]" : url.host,
                       url.port);
}

}  // namespace

void Connection::Destroy::operator()(amqp_connection_state_t state) const noexcept {
    amqp_destroy_connection(state);
}

Connection::Connection(const Endpoint& endpoint, std::size_t first_host, int interrupt)
    : patience_(0) {
    using std::chrono::steady_clock;
    const auto deadline = steady_clock::now() + endpoint.connect_timeout;
    const auto urls = urls_by_host(parse_amqp_url(endpoint.url));
    for (std::size_t tried = 0; tried < urls.size(); ++tried) {
        host_ = (first_host + tried) % urls.size();
        const auto now = steady_clock::now();
        const auto share = (deadline - now) / static_cast<int>(urls.size() - tried);
        try {
            connect_to(urls[host_], endpoint, now + share, interrupt);
            return;
        } catch (const Error& error) {
            if (error.permanent() || error.kind() != ErrorKind::unreachable ||
                tried + 1 == urls.size())
                throw;
        }
    }
}

void Connection::connect_to(const AmqpUrl& url, const Endpoint& endpoint,
                            std::chrono::steady_clock::time_point deadline, int interrupt) {
    state_.reset(amqp_new_connection());
    if (!state_) throw std::bad_alloc();
    Endpoint shown = endpoint;
    if (!url.more_hosts.empty()) shown.url = url_of_host(url);
    shown_url_ = masked_amqp_url(shown.url);
    util::log_info("connecting", {{"url", shown_url_}, {"name", endpoint.connection_name}});
    InterruptWatch watch(interrupt);
    try {
        open_socket(state_.get(), url, shown, deadline, interrupt, watch);
        log_in(url, shown, deadline, interrupt);
        const timeval rpc = timeval_of(rpc_timeout);
        amqp_set_rpc_timeout(state_.get(), &rpc);
        open_channel();
        if (util::log_enabled(util::LogLevel::info))
            util::log_info("connected", {{"url", shown_url_},
                                         {"server", server()},
                                         {"tls", url.tls},
                                         {"heartbeat_s", amqp_get_heartbeat(state_.get())}});
    } catch (const Error&) {
        if (!watch.interrupted()) throw;
        throw Error(Reason::interrupted,
                    fmt::format("cannot connect to {}: interrupted", shown_url_))
            .as_permanent();
    }
}

Connection::~Connection() = default;

void Connection::log_in(const AmqpUrl& url, const Endpoint& endpoint,
                        std::chrono::steady_clock::time_point deadline, int interrupt) {
    amqp_table_entry_t capabilities[] = {
        entry("publisher_confirms", true_value()),
        entry("basic.nack", true_value()),
        entry("consumer_cancel_notify", true_value()),
        entry("connection.blocked", true_value()),
        entry("authentication_failure_close", true_value()),
        entry("exchange_exchange_bindings", true_value()),
    };
    amqp_field_value_t capability_table{};
    capability_table.kind = AMQP_FIELD_KIND_TABLE;
    capability_table.value.table = {static_cast<int>(std::size(capabilities)), capabilities};
    amqp_table_entry_t properties[] = {
        entry("product", text_value("airy-tools")),
        entry("version", text_value(AIRY_VERSION)),
        entry("connection_name", text_value(endpoint.connection_name)),
        entry("capabilities", capability_table),
    };
    const amqp_table_t table{static_cast<int>(std::size(properties)), properties};

    const auto left = std::max(
        std::chrono::milliseconds(1),
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now()));
    const timeval timeout = timeval_of(left);
    amqp_set_handshake_timeout(state_.get(), &timeout);
    const auto heartbeat = url.heartbeat.value_or(endpoint.heartbeat);
    const auto reply = amqp_login_with_properties(
        state_.get(), url.vhost.c_str(), 0, frame_max, static_cast<int>(heartbeat.count()), &table,
        AMQP_SASL_METHOD_PLAIN, url.user.c_str(), url.password.c_str());
    if (reply.reply_type != AMQP_RESPONSE_NORMAL)
        throw login_error(reply, url, endpoint, deadline, interrupt);

    // The broker may have lowered the heartbeat. A quarter of it keeps both directions well in
    // time.
    const auto agreed = std::chrono::seconds(amqp_get_heartbeat(state_.get()));
    patience_ = agreed.count() > 0 ? std::chrono::milliseconds(agreed) / 4
                                   : std::chrono::milliseconds(60'000);
}

void Connection::open_channel() {
    amqp_channel_open(state_.get(), channel);
    const auto reply = amqp_get_rpc_reply(state_.get());
    if (reply.reply_type != AMQP_RESPONSE_NORMAL)
        throw from_reply(reply, fmt::format("cannot open a channel on {}", shown_url_));
}

void Connection::reopen_channel() {
    release_buffers();
    open_channel();
}

int Connection::socket() const noexcept {
    return amqp_get_sockfd(state_.get());
}

bool Connection::next_frame(amqp_frame_t& frame) {
    const timeval zero{0, 0};
    const int status = amqp_simple_wait_frame_noblock(state_.get(), &frame, &zero);
    if (status == AMQP_STATUS_OK) return true;
    if (status == AMQP_STATUS_TIMEOUT) return false;
    throw from_status(status, fmt::format("lost the connection to {}", shown_url_));
}

void Connection::check_sent(int status) const {
    if (status != AMQP_STATUS_OK)
        throw from_status(status, fmt::format("lost the connection to {}", shown_url_));
}

void Connection::check_reply(std::string_view what) {
    const auto reply = amqp_get_rpc_reply(state_.get());
    if (reply.reply_type == AMQP_RESPONSE_NORMAL) return;
    const Error error = from_reply(reply, what);
    if (reply.reply_type == AMQP_RESPONSE_SERVER_EXCEPTION &&
        reply.reply.id == AMQP_CHANNEL_CLOSE_METHOD) {
        amqp_channel_close_ok_t ok{};
        check_sent(amqp_send_method(state_.get(), channel, AMQP_CHANNEL_CLOSE_OK_METHOD, &ok));
        amqp_maybe_release_buffers(state_.get());
        open_channel();
    }
    throw error;
}

bool Connection::close(std::chrono::milliseconds deadline) noexcept {
    const timeval timeout = timeval_of(deadline);
    amqp_set_rpc_timeout(state_.get(), &timeout);
    const auto answered = amqp_channel_close(state_.get(), channel, AMQP_REPLY_SUCCESS);
    if (answered.reply_type != AMQP_RESPONSE_NORMAL) return false;
    amqp_connection_close(state_.get(), AMQP_REPLY_SUCCESS);
    return true;
}

std::string Connection::server() const {
    const amqp_table_t* properties = amqp_get_server_properties(state_.get());
    std::string product = "AMQP broker";
    std::string version;
    for (int i = 0; i < properties->num_entries; ++i) {
        const auto& item = properties->entries[i];
        if (item.value.kind != AMQP_FIELD_KIND_UTF8) continue;
        if (view_of(item.key) == "product") product = view_of(item.value.value.bytes);
        if (view_of(item.key) == "version") version = view_of(item.value.value.bytes);
    }
    return version.empty() ? product : product + " " + version;
}

bool is_close(const amqp_frame_t& frame) noexcept {
    return frame.frame_type == AMQP_FRAME_METHOD &&
           (frame.payload.method.id == AMQP_CHANNEL_CLOSE_METHOD ||
            frame.payload.method.id == AMQP_CONNECTION_CLOSE_METHOD);
}

Close close_of(const amqp_frame_t& frame) {
    if (frame.payload.method.id == AMQP_CHANNEL_CLOSE_METHOD) {
        const auto* close = static_cast<const amqp_channel_close_t*>(frame.payload.method.decoded);
        return {true, close->reply_code, std::string(view_of(close->reply_text))};
    }
    const auto* close = static_cast<const amqp_connection_close_t*>(frame.payload.method.decoded);
    return {false, close->reply_code, std::string(view_of(close->reply_text))};
}

void throw_close(Connection& connection, const amqp_frame_t& frame, std::string_view what) {
    if (frame.payload.method.id == AMQP_CHANNEL_CLOSE_METHOD) {
        const auto* close = static_cast<const amqp_channel_close_t*>(frame.payload.method.decoded);
        const Error error = from_close(close->reply_code, view_of(close->reply_text), what);
        amqp_channel_close_ok_t ok{};
        amqp_send_method(connection.state(), frame.channel, AMQP_CHANNEL_CLOSE_OK_METHOD, &ok);
        throw error;
    }
    const auto* close = static_cast<const amqp_connection_close_t*>(frame.payload.method.decoded);
    const Error error = from_close(close->reply_code, view_of(close->reply_text), what);
    amqp_connection_close_ok_t ok{};
    amqp_send_method(connection.state(), 0, AMQP_CONNECTION_CLOSE_OK_METHOD, &ok);
    // With any code, a closed connection means that the broker is no longer reached.
    if (error.kind() == ErrorKind::unreachable) throw error;
    Error ended(Reason::unreachable, error.what(), error.hint());
    throw error.permanent() ? std::move(ended).as_permanent() : ended;
}

}  // namespace airy::mq::amqp
