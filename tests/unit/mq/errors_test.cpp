// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/amqp/errors.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace airy;
using mq::amqp::classify;
using mq::amqp::classify_status;
using mq::amqp::Fate;
using mq::amqp::from_close;
using mq::amqp::from_status;

TEST_CASE("the broker's codes become reasons, and with them kinds") {
    struct Row {
        int code;
        const char* text;
        ErrorKind kind;
        Reason reason;
    };
    const Row rows[] = {
        {311, "CONTENT_TOO_LARGE", ErrorKind::undelivered, Reason::too_large},
        {320, "CONNECTION_FORCED - broker forced connection closure", ErrorKind::unreachable,
         Reason::connection_ended},
        {403, "ACCESS_REFUSED - access to queue 'q' refused", ErrorKind::unreachable,
         Reason::access_refused},
        {403, "ACCESS_REFUSED - queue 'q' in vhost '/' in exclusive use", ErrorKind::general,
         Reason::exclusively_consumed},
        {403, "ACCESS_REFUSED - queue name 'amq.q' contains reserved prefix 'amq.*'",
         ErrorKind::usage, Reason::reserved_name},
        {404, "NOT_FOUND - no queue 'q' in vhost '/'", ErrorKind::not_found,
         Reason::queue_not_found},
        {404, "NOT_FOUND - no exchange 'e' in vhost '/'", ErrorKind::not_found,
         Reason::exchange_not_found},
        {405, "RESOURCE_LOCKED", ErrorKind::not_found, Reason::resource_locked},
        {406, "PRECONDITION_FAILED - inequivalent arg 'durable'", ErrorKind::not_found,
         Reason::differs},
        {406, "PRECONDITION_FAILED - invalid arg 'x-max-length'", ErrorKind::usage,
         Reason::invalid_argument},
        {406, "PRECONDITION_FAILED - message size 9 is larger than configured max size 8",
         ErrorKind::undelivered, Reason::too_large},
        {406, "PRECONDITION_FAILED - unknown delivery tag 3", ErrorKind::general, Reason::general},
        {406, "PRECONDITION_FAILED - delivery acknowledgement on channel 1 timed out",
         ErrorKind::unreachable, Reason::handler_too_slow},
        {406, "PRECONDITION_FAILED - queue 'q' in vhost '/' not empty", ErrorKind::general,
         Reason::in_use},
        {406, "PRECONDITION_FAILED - queue 'q' in vhost '/' in use", ErrorKind::general,
         Reason::in_use},
        {530, "NOT_ALLOWED - vhost not found", ErrorKind::unreachable, Reason::no_virtual_host},
        {530, "NOT_ALLOWED - Connection refused for user 'u': user connection limit (1) is reached",
         ErrorKind::unreachable, Reason::limit_reached},
        {530,
         "NOT_ALLOWED - access to vhost 'v' refused for user 'u': connection limit (1) is reached",
         ErrorKind::unreachable, Reason::limit_reached},
        {530,
         "NOT_ALLOWED - number of channels opened for user 'u' has reached the maximum allowed "
         "user limit of (1)",
         ErrorKind::unreachable, Reason::limit_reached},
        {530, "NOT_ALLOWED - access to vhost 'v' refused for user 'u'", ErrorKind::unreachable,
         Reason::no_virtual_host},
        {406,
         "PRECONDITION_FAILED - cannot declare queue 'q': queue limit in vhost 'v' (2) is reached",
         ErrorKind::unreachable, Reason::limit_reached},
        {540, "NOT_IMPLEMENTED", ErrorKind::general, Reason::not_implemented},
        {541, "INTERNAL_ERROR", ErrorKind::general, Reason::general},
    };
    for (const auto& row : rows) {
        CAPTURE(row.code);
        CAPTURE(row.text);
        const auto error = from_close(row.code, row.text, "cannot try");
        CHECK(error.kind() == row.kind);
        CHECK(error.reason() == row.reason);
        CHECK(std::string(error.what()).starts_with("cannot try: "));
        CHECK(std::string(error.what()).find(row.text) != std::string::npos);
    }
}

TEST_CASE("a missing exchange is the subject of its error") {
    CHECK(from_close(404, "NOT_FOUND - no exchange 'it's' in vhost '/'", "x").subject() == "it's");
    CHECK(from_close(404, "NOT_FOUND - no queue 'q' in vhost '/'", "x").subject().empty());
    CHECK(from_close(404, "NOT_FOUND - no exchange '", "x").subject().empty());
}

TEST_CASE("a queue that is exclusive to another connection has a reason of its own") {
    const auto error = from_close(405,
                                  "RESOURCE_LOCKED - cannot obtain exclusive access to locked "
                                  "queue 'q' in vhost '/'. It could be originally declared on "
                                  "another connection or the exclusive property value does not "
                                  "match that of the original declaration.",
                                  "cannot use the queue 'q'");
    CHECK(error.kind() == ErrorKind::not_found);
    CHECK(std::string(error.what()) ==
          "cannot use the queue 'q': another connection has it for itself alone (405 "
          "RESOURCE_LOCKED)");
    CHECK(error.hint().find("owner_pid") != std::string::npos);
}

TEST_CASE("the broker's text cannot move the cursor") {
    const auto error = from_close(404, "no \x1b[2J queue\n", "x");
    CHECK(std::string(error.what()).find('\x1b') == std::string::npos);
    CHECK(std::string(error.what()).find('\n') == std::string::npos);
}

TEST_CASE("the library's own failures mean that the broker is not reached") {
    for (const int status : {AMQP_STATUS_SOCKET_ERROR, AMQP_STATUS_HEARTBEAT_TIMEOUT,
                             AMQP_STATUS_CONNECTION_CLOSED, AMQP_STATUS_SSL_ERROR})
        CHECK(from_status(status, "x").kind() == ErrorKind::unreachable);
    CHECK_FALSE(from_status(AMQP_STATUS_HEARTBEAT_TIMEOUT, "x").hint().empty());
    for (const int status : {AMQP_STATUS_SOCKET_ERROR, AMQP_STATUS_CONNECTION_CLOSED})
        CHECK(from_status(status, "x").reason() == Reason::connection_lost);
}

TEST_CASE("the broker's refusals are permanent, its failures are not") {
    struct Row {
        int code;
        const char* text;
        Fate fate;
    };
    const Row rows[] = {
        {311, "CONTENT_TOO_LARGE", Fate::permanent},
        {320, "CONNECTION_FORCED - broker forced connection closure", Fate::transient},
        {320, "CONNECTION_FORCED - Closed via management plugin", Fate::transient},
        {403, "ACCESS_REFUSED - access to queue 'q' refused", Fate::permanent},
        {404, "NOT_FOUND - no queue 'q' in vhost '/'", Fate::permanent},
        {404, "NOT_FOUND - home node 'a@b' of durable queue 'q' is down or inaccessible",
         Fate::transient},
        {405, "RESOURCE_LOCKED - cannot obtain exclusive access", Fate::transient},
        {406, "PRECONDITION_FAILED - inequivalent arg 'durable'", Fate::permanent},
        {406, "PRECONDITION_FAILED - unknown delivery tag 3", Fate::permanent},
        {406, "PRECONDITION_FAILED - delivery acknowledgement on channel 1 timed out",
         Fate::transient},
        {501, "FRAME_ERROR", Fate::transient},
        {504, "CHANNEL_ERROR", Fate::transient},
        {505, "UNEXPECTED_FRAME", Fate::permanent},
        {530, "NOT_ALLOWED - vhost not found", Fate::permanent},
        {530, "NOT_ALLOWED - access to vhost 'v' refused for user 'u'", Fate::permanent},
        {530, "NOT_ALLOWED - Connection refused for user 'u': user connection limit (1) is reached",
         Fate::transient},
        {406,
         "PRECONDITION_FAILED - cannot declare queue 'q': queue limit in vhost 'v' (2) is reached",
         Fate::transient},
        {540, "NOT_IMPLEMENTED", Fate::permanent},
        {541, "INTERNAL_ERROR", Fate::transient},
        {999, "", Fate::transient},
    };
    for (const auto& row : rows) {
        CAPTURE(row.code);
        CAPTURE(row.text);
        CHECK(classify(row.code, row.text) == row.fate);
        CHECK(from_close(row.code, row.text, "x").permanent() == (row.fate == Fate::permanent));
    }
}

TEST_CASE(
    "a socket, a heartbeat or a handshake may fare better next time; a certificate will not") {
    for (const int status :
         {AMQP_STATUS_SOCKET_ERROR, AMQP_STATUS_HEARTBEAT_TIMEOUT, AMQP_STATUS_CONNECTION_CLOSED,
          AMQP_STATUS_TIMEOUT, AMQP_STATUS_SSL_CONNECTION_FAILED, AMQP_STATUS_SSL_ERROR,
          AMQP_STATUS_BAD_AMQP_DATA, AMQP_STATUS_HOSTNAME_RESOLUTION_FAILED})
        CHECK(classify_status(status) == Fate::transient);
    for (const int status :
         {AMQP_STATUS_SSL_PEER_VERIFY_FAILED, AMQP_STATUS_SSL_HOSTNAME_VERIFY_FAILED,
          AMQP_STATUS_INVALID_PARAMETER, AMQP_STATUS_TABLE_TOO_BIG})
        CHECK(classify_status(status) == Fate::permanent);
    CHECK(from_status(AMQP_STATUS_SSL_PEER_VERIFY_FAILED, "x").permanent());
}

TEST_CASE("a close tells whether a message on the way may be its cause") {
    using mq::amqp::Ending;
    using mq::amqp::ending_by;
    const auto of_channel = [](int code, std::string_view text) {
        return ending_by(true, code, text);
    };
    CHECK(of_channel(406, "PRECONDITION_FAILED - user_id property set to 'x' but ...") ==
          Ending::channel);
    CHECK(of_channel(406, "PRECONDITION_FAILED - message size 9 is larger than ...") ==
          Ending::channel);
    CHECK(of_channel(403, "ACCESS_REFUSED - access to topic 'a.b' in exchange 'x' in vhost '/'") ==
          Ending::channel);
    // These hold for every message.
    CHECK(of_channel(403, "ACCESS_REFUSED - access to exchange 'x' in vhost '/' refused") ==
          Ending::unrelated);
    CHECK(of_channel(404, "NOT_FOUND - no exchange 'x' in vhost '/'") == Ending::unrelated);
    CHECK(of_channel(541, "INTERNAL_ERROR") == Ending::connection);
    for (const int code : {501, 502, 505, 530, 541})
        CHECK(ending_by(false, code, "") == Ending::connection);
    CHECK(ending_by(false, 320, "CONNECTION_FORCED - broker forced connection closure") ==
          Ending::unrelated);
}
