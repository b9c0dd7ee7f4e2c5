// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "mq/delivery.hpp"
#include "work/handler.hpp"

// The lines between a consumer and its worker processes (airy-consume(1), "Workers"). Pure.
namespace airy::work {

// Appends `{"id":…,` with the members of the message line.
void append_object(std::string& out, std::uint64_t id, const mq::Delivered& delivered);
// The same, and a line end.
void append_request(std::string& out, std::uint64_t id, const mq::Delivered& delivered);

// The most bytes of a line that a worker writes, without its line end.
inline constexpr std::size_t answer_limit = std::size_t{32} * 1024 * 1024;

// `{"id":…,"result":"ok|retry|reject|requeue","reason":…,"delay":"30s","reply":…}`
struct WorkerAnswer {
    std::uint64_t id = 0;
    HandlerResult result{};
};
// `{"ready":true}`
struct WorkerReady {};
// Any other line.
struct NoAnswer {
    std::string why;
};

// The meaning of a line without its line end. The id may be a string of the same digits, as shells
// write it; members that are null or unknown count as absent. A reply that is a string is its text,
// any other its JSON.
std::variant<WorkerAnswer, WorkerReady, NoAnswer> read_answer(std::string_view line);

}  // namespace airy::work
