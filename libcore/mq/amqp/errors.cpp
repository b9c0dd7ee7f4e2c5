// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/amqp/errors.hpp"

#include <fmt/core.h>

#include <string>
#include <utility>

#include "mq/amqp/table.hpp"
#include "util/text.hpp"

namespace airy::mq::amqp {
namespace {

struct Meaning {
    Reason reason;
    std::string_view hint;
};

Meaning meaning_of(int code) {
    switch (code) {
        case AMQP_CONTENT_TOO_LARGE:
            return {Reason::too_large, "the broker limits the size of a message"};
        case AMQP_ACCESS_REFUSED:
            return {Reason::access_refused, "ask for the permission: rabbitmqctl list_permissions"};
        case AMQP_NOT_FOUND:
            return {Reason::queue_not_found, ""};
        case AMQP_RESOURCE_LOCKED:
            return {Reason::resource_locked,
                    "it is gone when that connection ends; rabbitmqctl list_queues name owner_pid "
                    "tells whose it is"};
        case AMQP_PRECONDITION_FAILED:
            return {Reason::differs, "it exists with other properties: use those, or another name"};
        case AMQP_NOT_ALLOWED:
            return {
                Reason::no_virtual_host,
                "rabbitmqctl list_vhosts and list_permissions show the virtual hosts and who may "
                "use them"};
        case AMQP_CONNECTION_FORCED:
            return {Reason::connection_ended, "the broker or an operator closed the connection"};
        case AMQP_NOT_IMPLEMENTED:
            return {Reason::not_implemented, ""};
        default:
            return {Reason::general, ""};
    }
}

Error with_fate(Error error, Fate fate) {
    return fate == Fate::permanent ? std::move(error).as_permanent() : std::move(error);
}

bool has(std::string_view text, std::string_view part) noexcept {
    return text.find(part) != std::string_view::npos;
}

// The name in `no exchange 'NAME' in vhost '/'`; empty in other texts.
std::string exchange_in(std::string_view text) {
    constexpr std::string_view before = "no exchange '";
    const auto begin = text.find(before);
    const auto end = text.rfind("' in vhost");
    if (begin == text.npos || end == text.npos || end < begin + before.size()) return {};
    const auto name = text.substr(begin + before.size(), end - begin - before.size());
    return util::printable(name);
}

// "user connection limit (1) is reached", "has reached the maximum allowed user limit of (1)": of
// connections, channels and queues, of a user, a virtual host and a node. It may pass.
bool is_limit(std::string_view text) noexcept {
    return has(text, ") is reached") || has(text, " has reached the ");
}

constexpr Meaning limit_reached{
    Reason::limit_reached,
    "the broker's administrator sets the limit: rabbitmqctl list_user_limits and list_vhost_limits "
    "show it"};

// For a broker that was reached and then lost.
constexpr std::string_view lost_hint = "is RabbitMQ still running there?";

Meaning meaning_of_status(int status) noexcept {
    switch (status) {
        case AMQP_STATUS_HEARTBEAT_TIMEOUT:
            return {Reason::unreachable,
                    "nothing came from the broker for two heartbeats: is it overloaded, or the "
                    "network down?"};
        case AMQP_STATUS_CONNECTION_CLOSED:
        case AMQP_STATUS_SOCKET_ERROR:
        case AMQP_STATUS_SOCKET_CLOSED:
        case AMQP_STATUS_TCP_ERROR:
        case AMQP_STATUS_SSL_ERROR:
            return {Reason::connection_lost, lost_hint};
        case AMQP_STATUS_TIMEOUT:
            return {Reason::unreachable,
                    "no answer came in time: is the broker overloaded, or the network down? "
                    "rabbitmqctl status tells"};
        case AMQP_STATUS_SSL_HOSTNAME_VERIFY_FAILED:
            return {Reason::certificate_of_other_host, ""};
        case AMQP_STATUS_SSL_PEER_VERIFY_FAILED:
            return {Reason::certificate_untrusted, ""};
        default:
            return {Reason::unreachable, ""};
    }
}

}  // namespace

Fate classify(int code, std::string_view text) noexcept {
    switch (code) {
        case AMQP_NOT_FOUND:
            // A queue whose node is down comes back with the node.
            return has(text, "down or inaccessible") ? Fate::transient : Fate::permanent;
        case AMQP_PRECONDITION_FAILED:
            // A handler that took too long must not end the consumer: its message comes again.
            return has(text, "delivery acknowledgement") || is_limit(text) ? Fate::transient
                                                                           : Fate::permanent;
        case AMQP_NOT_ALLOWED:
            return is_limit(text) ? Fate::transient : Fate::permanent;
        case AMQP_CONTENT_TOO_LARGE:
        case AMQP_ACCESS_REFUSED:
        case AMQP_NOT_IMPLEMENTED:
        case AMQP_SYNTAX_ERROR:
        case AMQP_COMMAND_INVALID:
        case AMQP_UNEXPECTED_FRAME:
            return Fate::permanent;
        default:  // 320, 405 (locked by a dying connection), 541 and unknown codes
            return Fate::transient;
    }
}

Ending ending_by(bool of_channel, int code, std::string_view text) noexcept {
    if (!of_channel) return code == AMQP_CONNECTION_FORCED ? Ending::unrelated : Ending::connection;
    switch (code) {
        case AMQP_CONTENT_TOO_LARGE:
        case AMQP_PRECONDITION_FAILED:
            return Ending::channel;
        case AMQP_ACCESS_REFUSED:
            // The right to an exchange is the same for every message.
            return has(text, "access to topic") ? Ending::channel : Ending::unrelated;
        case AMQP_NOT_FOUND:
            return Ending::unrelated;
        default:
            return Ending::connection;
    }
}

Fate classify_status(int status) noexcept {
    switch (status) {
        case AMQP_STATUS_SSL_HOSTNAME_VERIFY_FAILED:
        case AMQP_STATUS_SSL_PEER_VERIFY_FAILED:
        case AMQP_STATUS_INVALID_PARAMETER:
        case AMQP_STATUS_INCOMPATIBLE_AMQP_VERSION:
        case AMQP_STATUS_TABLE_TOO_BIG:
        case AMQP_STATUS_UNSUPPORTED:
            return Fate::permanent;
        default:
            return Fate::transient;
    }
}

Error from_close(int code, std::string_view text, std::string_view what) {
    Meaning meaning = meaning_of(code);
    if (code == AMQP_NOT_FOUND && has(text, "no exchange"))
        meaning = {Reason::exchange_not_found, ""};
    if ((code == AMQP_NOT_ALLOWED || code == AMQP_PRECONDITION_FAILED) && is_limit(text))
        meaning = limit_reached;
    // The broker also uses 406 for failures that do not concern a queue's properties.
    if (code == AMQP_PRECONDITION_FAILED) {
        if (has(text, "larger than"))
            meaning = {Reason::too_large, "the broker limits the size of a message"};
        else if (has(text, "not empty") || has(text, "in use"))
            meaning = {Reason::in_use, ""};
        else if (has(text, "invalid arg"))
            meaning = {Reason::invalid_argument, "the broker refuses this argument or its value"};
        else if (has(text, "unknown delivery tag") || has(text, "expiration"))
            meaning = {Reason::general, ""};
        else if (has(text, "delivery acknowledgement"))
            meaning = {Reason::handler_too_slow,
                       "the handler took longer than the broker's consumer_timeout"};
    }
    // The rest of the broker's text is long, and guesses.
    if (code == AMQP_RESOURCE_LOCKED)
        return with_fate(Error(meaning.reason,
                               fmt::format("{}: another connection has it for itself alone (405 "
                                           "RESOURCE_LOCKED)",
                                           what),
                               std::string(meaning.hint)),
                         classify(code, text));
    // Another consumer has the queue exclusively; no permission is missing.
    if (code == AMQP_ACCESS_REFUSED && has(text, "in exclusive use"))
        meaning = {Reason::exclusively_consumed, "another consumer has it for itself alone"};
    if (code == AMQP_ACCESS_REFUSED && has(text, "reserved prefix"))
        meaning = {Reason::reserved_name, "names that begin with amq. are the broker's own"};
    return with_fate(
        Error(meaning.reason,
              fmt::format("{}: the broker says {} {}", what, code, util::printable(text, 400)),
              std::string(meaning.hint))
            .about(exchange_in(text)),
        classify(code, text));
}

Error from_status(int status, std::string_view what) {
    const auto meaning = meaning_of_status(status);
    return with_fate(Error(meaning.reason, fmt::format("{}: {}", what, amqp_error_string2(status)),
                           std::string(meaning.hint)),
                     classify_status(status));
}

bool is_locked(const amqp_rpc_reply_t& reply) noexcept {
    return reply.reply_type == AMQP_RESPONSE_SERVER_EXCEPTION &&
           reply.reply.id == AMQP_CHANNEL_CLOSE_METHOD &&
           static_cast<const amqp_channel_close_t*>(reply.reply.decoded)->reply_code ==
               AMQP_RESOURCE_LOCKED;
}

Error from_reply(const amqp_rpc_reply_t& reply, std::string_view what) {
    if (reply.reply_type == AMQP_RESPONSE_LIBRARY_EXCEPTION)
        return from_status(reply.library_error, what);
    if (reply.reply_type == AMQP_RESPONSE_SERVER_EXCEPTION) {
        if (reply.reply.id == AMQP_CHANNEL_CLOSE_METHOD) {
            const auto* close = static_cast<const amqp_channel_close_t*>(reply.reply.decoded);
            return from_close(close->reply_code, view_of(close->reply_text), what);
        }
        if (reply.reply.id == AMQP_CONNECTION_CLOSE_METHOD) {
            const auto* close = static_cast<const amqp_connection_close_t*>(reply.reply.decoded);
            return from_close(close->reply_code, view_of(close->reply_text), what);
        }
    }
    return Error(Reason::connection_lost, fmt::format("{}: the broker gave no answer", what),
                 std::string(lost_hint));
}

}  // namespace airy::mq::amqp
