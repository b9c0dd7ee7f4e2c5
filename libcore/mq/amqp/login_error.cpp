// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/amqp/login_error.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <memory>
#include <string>

#include "mq/amqp/errors.hpp"
#include "mq/amqp/interrupt_watch.hpp"
#include "mq/amqp/socket.hpp"
#include "mq/amqp/table.hpp"
#include "net/percent.hpp"
#include "net/url.hpp"
#include "util/text.hpp"

namespace airy::mq::amqp {
namespace {

using std::chrono::steady_clock;

struct Destroy {
    void operator()(amqp_connection_state_t state) const noexcept {
        amqp_destroy_connection(state);
    }
};

// The mechanisms of the broker's connection.start; empty when it does not send one.
std::string offered_mechanisms(const AmqpUrl& url, const Endpoint& endpoint,
                               steady_clock::time_point deadline, int interrupt) {
    const std::unique_ptr<std::remove_pointer_t<amqp_connection_state_t>, Destroy> state(
        amqp_new_connection());
    if (!state) return {};
    InterruptWatch watch(interrupt);
    try {
        open_socket(state.get(), url, endpoint, deadline, interrupt, watch);
    } catch (const Error&) {
        return {};
    }
    const auto left =
        std::max(std::chrono::microseconds(0),
                 std::chrono::ceil<std::chrono::microseconds>(deadline - steady_clock::now()));
    const timeval timeout{left.count() / 1'000'000, left.count() % 1'000'000};
    amqp_frame_t frame;
    if (amqp_send_header(state.get()) != AMQP_STATUS_OK ||
        amqp_simple_wait_frame_noblock(state.get(), &frame, &timeout) != AMQP_STATUS_OK ||
        frame.frame_type != AMQP_FRAME_METHOD ||
        frame.payload.method.id != AMQP_CONNECTION_START_METHOD)
        return {};
    const auto* start = static_cast<const amqp_connection_start_t*>(frame.payload.method.decoded);
    return util::printable(view_of(start->mechanisms));
}

// Whether percent-decoding makes another text of it.
bool has_escapes(std::string_view text) {
    std::string decoded;
    return text.find('%') != text.npos && !net::percent_decode(text, decoded);
}

// The broker tells nobody why it refused a login; the hint names the known causes that fit.
std::string refused_hint(const AmqpUrl& url, const Endpoint& endpoint) {
    if (endpoint.password_apart && has_escapes(url.password))
        return "the password is sent with its % as it stands: if it is percent-encoded, as in a "
               "URL, decode it";
    const auto parts = net::split_url(endpoint.url);
    if (!endpoint.password_apart && parts && has_escapes(parts->password.value_or("")))
        return "a % in the password is read as in a URL: one that belongs to the password is "
               "written %25";
    if (url.user == "guest" && !is_this_host(url.host))
        return "RabbitMQ lets 'guest' log in from its own host only";
    return "is the password right? rabbitmqctl authenticate_user USER PASSWORD tells";
}

}  // namespace

Error login_error(const amqp_rpc_reply_t& reply, const AmqpUrl& url, const Endpoint& endpoint,
                  steady_clock::time_point deadline, int interrupt) {
    const std::string what = fmt::format("cannot log in to {}", masked_amqp_url(endpoint.url));
    if (reply.reply_type == AMQP_RESPONSE_SERVER_EXCEPTION &&
        reply.reply.id == AMQP_CONNECTION_CLOSE_METHOD) {
        const auto* close = static_cast<const amqp_connection_close_t*>(reply.reply.decoded);
        if (close->reply_code == AMQP_ACCESS_REFUSED)
            return Error(Reason::login_refused,
                         fmt::format("{}: user '{}' or its password is wrong", what,
                                     util::printable(url.user)),
                         refused_hint(url, endpoint))
                .as_permanent();
        const auto error = from_close(close->reply_code, view_of(close->reply_text), what);
        if (error.kind() == ErrorKind::unreachable) return error;
        // Such as 541 while a virtual host is down: whatever the code, there is no connection.
        Error unreachable(Reason::unreachable, error.what(), error.hint());
        return error.permanent() ? std::move(unreachable).as_permanent() : unreachable;
    }
    if (reply.reply_type == AMQP_RESPONSE_LIBRARY_EXCEPTION &&
        reply.library_error == AMQP_STATUS_BROKER_UNSUPPORTED_SASL_METHOD) {
        const auto offered = offered_mechanisms(url, endpoint, deadline, interrupt);
        return Error(Reason::login_not_offered,
                     fmt::format("{}: the broker offers the login {}, and PLAIN was tried", what,
                                 offered.empty() ? "by other mechanisms" : offered),
                     "let the broker offer PLAIN: in RabbitMQ, auth_mechanisms")
            .as_permanent();
    }
    if (reply.reply_type == AMQP_RESPONSE_LIBRARY_EXCEPTION && !url.tls)
        return Error(ErrorKind::unreachable,
                     fmt::format("{}: {}", what, amqp_error_string2(reply.library_error)),
                     "is it an AMQP port without TLS (usually 5672)? amqps:// speaks TLS");
    return from_reply(reply, what);
}

}  // namespace airy::mq::amqp
