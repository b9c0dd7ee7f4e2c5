// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "work/status.hpp"

// Requests to the consumers that run on this host as the same user. Any thread; each call returns
// within its deadline, however many consumers hang.
namespace airy::inspect {

// One consumer that runs. Without a status it did not answer in time: stopped (SIGSTOP), hung, or
// overloaded; then `name` is the name in its socket's path (see control_path).
struct Consumer {
    std::string name;
    int pid = 0;
    std::string path;  // of its control socket
    std::optional<work::ConsumerStatus> status;
};

constexpr auto control_deadline = std::chrono::milliseconds(1000);

// Every consumer, by name, then pid; all are asked at once. Removes sockets on which no process
// listens any more. Throws Error{general} when this process is out of resources.
std::vector<Consumer> list_consumers(std::chrono::milliseconds deadline = control_deadline);

// Whether the consumer has this name, or may have it: of a consumer that does not answer, only the
// part of the name in the socket's path is known.
bool is_named(const Consumer& consumer, std::string_view name);

// The consumer with this name, this pid or this path of its socket. Throws Error{not_found} that
// names the running consumers; Error{usage} when several have the name, with their pids, or with
// the paths where the pids are equal.
const Consumer& find_consumer(const std::vector<Consumer>& consumers, std::string_view who);

enum class ControlOperation { status, resize, pause, resume, drain };

// Asks one consumer and returns its status after that; `size` is for resize. Throws Error{timeout}
// when it does not answer, Error{not_found} when it is gone, and the error with which it refuses
// the request.
work::ConsumerStatus control(const Consumer& consumer, ControlOperation operation,
                             std::size_t size = 0,
                             std::chrono::milliseconds deadline = control_deadline);

// Ends the running handlers of the messages with this id, and returns the status after that. Throws
// as `control` does, and Error{not_found} when no running handler has the message.
work::ConsumerStatus cancel(const Consumer& consumer, std::string_view id, work::AfterCancel then,
                            std::chrono::milliseconds deadline = control_deadline);

}  // namespace airy::inspect
