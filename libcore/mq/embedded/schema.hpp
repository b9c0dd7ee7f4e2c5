// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include "mq/embedded/database.hpp"

// The tables of the broker's file.
namespace airy::mq::embedded {

// The value of `PRAGMA user_version` in files of this layout.
inline constexpr int schema_version = 1;

enum class FileState {
    empty,
    older,  // an earlier airy made it: add_columns() makes it ready
    ready,
};

// Throws Error{unreachable} for a file of another program, or of a newer airy.
FileState look_at_file(Database& database);

// Makes the tables in an empty file. The caller holds the lock that keeps other processes from it.
void create_schema(Database& database);

// Adds what this airy keeps in the tables and earlier ones of the same layout, which can still use
// the file, did not. Another process may do the same.
void add_columns(Database& database);

// The key of a message is its queue, lane and position in one number, so that a queue is one run of
// rows in the order of its keys. Lane 0 holds messages that came back; they come before the fresh
// messages in lane 1. A queue with priorities has one lane for each priority instead of lane 1.
inline constexpr int position_bits = 34;
inline constexpr int lane_bits = 9;
inline constexpr std::int64_t position_limit = std::int64_t{1} << position_bits;
inline constexpr std::int64_t queue_limit = std::int64_t{1} << (63 - lane_bits - position_bits);
inline constexpr std::int64_t returned_lane = 0;
inline constexpr std::int64_t fresh_lane = 1;
inline constexpr std::int64_t first_priority_lane = 2;  // of the highest priority, 255
inline constexpr std::int64_t last_lane = (std::int64_t{1} << lane_bits) - 1;

constexpr std::int64_t lane_of_priority(std::int64_t priority) {
    return first_priority_lane + 255 - priority;
}
constexpr std::int64_t key_of(std::int64_t queue, std::int64_t lane, std::int64_t position) {
    return (((queue << lane_bits) | lane) << position_bits) | position;
}
constexpr std::int64_t first_key(std::int64_t queue, std::int64_t lane) {
    return key_of(queue, lane, 0);
}
constexpr std::int64_t last_key(std::int64_t queue, std::int64_t lane) {
    return key_of(queue, lane, position_limit - 1);
}
constexpr std::int64_t position_of(std::int64_t key) {
    return key & (position_limit - 1);
}
constexpr std::int64_t lane_of(std::int64_t key) {
    return (key >> position_bits) & last_lane;
}

}  // namespace airy::mq::embedded
