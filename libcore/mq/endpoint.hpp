// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "mq/reconnect.hpp"
#include "net/tls_options.hpp"

namespace airy::mq {

using net::TlsOptions;

// The broker's address and how to connect to it.
struct Endpoint {
    std::string url = "amqp://guest:guest@localhost:5672/";
    // The password was given by itself, and stands in the URL percent-encoded; false: the URL was
    // given with it.
    bool password_apart = false;
    TlsOptions tls;
    std::string connection_name = "airy";  // shown by the broker's own tools
    std::chrono::seconds heartbeat{30};
    std::chrono::milliseconds connect_timeout{10'000};  // TCP, TLS and login together, all hosts
    ReconnectPolicy reconnect;
    // Connecting ends with Error{unreachable} once this is readable, e.g. a SignalFd's; -1: none.
    // Borrowed; once connected, only an embedded broker uses it, while it waits for its file on the
    // caller's thread or closes.
    int interrupt_fd = -1;
    // The URL of RabbitMQ's management API; empty: on the broker's host, at its usual port.
    std::string management_url{};
    std::chrono::milliseconds management_deadline{10'000};  // for each question to that API
    // Looking into a queue goes on where a message may come back no more: see Look::last_return.
    bool look_to_the_last = false;
    bool create = true;  // false: a missing file of an embedded broker is not created
};

// The URL, safe to show: the password replaced by `***`. Never throws.
std::string masked_url(std::string_view url);

// A line of text, safe to show: each URL of any scheme in it masked, wherever it came from. A form
// such as amqp://USER:PASSWORD@HOST:PORT stays. Throws nothing but bad_alloc.
std::string masked_text(std::string_view text);

}  // namespace airy::mq
