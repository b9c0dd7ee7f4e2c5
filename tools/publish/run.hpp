// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

#include "event/message.hpp"
#include "mq/broker.hpp"
#include "publish/refusals.hpp"

// Sends the events of `airy publish`: in order, pipelined, each outcome reported once.
namespace airy::tools::publish {

struct Item {
    std::string event_id;  // printed when it is confirmed
    event::Message message;
};

struct Options {
    mq::Endpoint endpoint;
    mq::ExchangeUse exchange;
    bool confirm = true;
    bool mandatory = true;
    std::size_t window = 1000;
    std::chrono::nanoseconds confirm_timeout{};  // without any outcome, while connected
    bool wait_while_blocked = false;             // even if the broker blocks publishers for long
    RefusalLimits refusals;
    bool keep_going = false;
    bool json_lines = true;    // a record holds JSON, or nothing
    std::string rejects_file;  // empty: none
    std::string metrics_file;  // empty: none
    bool json = false;
    char separator = '\n';
};

// Makes an item of one record of stdin; throws Error{invalid_event}.
using MakeItem = std::function<Item(std::string_view)>;

// Both return the exit code. Both throw the error that ends the run, such as a lost connection.
int one(const Options& options, Item item);
int stream(const Options& options, const MakeItem& make_item);

}  // namespace airy::tools::publish
