// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>

#include "event/message.hpp"
#include "mq/endpoint.hpp"
#include "mq/publisher.hpp"

// Sends the requests of `airy request` and prints the replies.
namespace airy::tools::request {

struct Options {
    mq::Endpoint endpoint;
    mq::ExchangeUse exchange;
    std::chrono::nanoseconds timeout = std::chrono::seconds(5);  // for one request; 0: no limit
    std::uint64_t replies = 1;                                   // to each request
    std::size_t window = 64;                                     // most requests at once
    bool ordered = false;
    bool keep_going = false;
    bool json = false;
    char separator = '\n';
};

// Makes the request of one record of stdin; throws Error{invalid_event}.
using MakeRequest = std::function<event::Message(std::string_view)>;

// Both return the exit code. Both throw the error that ends the run, such as a request without a
// reply.
int one(const Options& options, event::Message request);
int stream(const Options& options, const MakeRequest& make_request);

}  // namespace airy::tools::request
