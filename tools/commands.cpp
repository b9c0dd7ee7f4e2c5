// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "command.hpp"

namespace airy::tools {
namespace {

constexpr CommandEntry table[] = {
    {"publish", "publish one event or a stream of them, confirmed and routed", make_publish},
    {"request", "publish one request or a stream of them, and print the replies", make_request},
    {"tail", "show live events without taking them from anyone", make_tail},
    {"consume", "run a handler for each message of a queue, on a pool", make_consume, true},
    {"stats", "pool and queue metrics, once or again and again", make_stats},
    {"top", "pools and queues live on a terminal, and keys to steer them", make_top},
    {"pool", "running consumers on this host: look, resize, pause, drain", make_pool},
    {"queue", "queues: list, look, declare, bind, delete, purge, peek, move", make_queue},
    {"dlq", "dead letters: list, show, send back, purge", make_dlq},
    {"check", "queues, pools and the broker for monitoring, as Nagios plugins", make_check, false,
     false, report_check},
    {"event", "the event types and their fields; check events", make_event},
    {"ping", "is the broker there: connect, log in, say how long it took", make_ping},
    {"demo", "the whole post-publication flow, and the figures of its pools", make_demo},
    {"wait", "wait until the broker and its queues are there, for CI", make_wait},
    {"bench", "the pool beside the least time its work can take", make_bench},
    {"completion", "print the completion script of bash, zsh or fish", make_completion},
    {"__complete", "answers for the completion scripts", make_complete, true, true},
    {"__options", "all options of all commands, for the lints", make_option_table, false, true},
};

}  // namespace

std::span<const CommandEntry> commands() noexcept {
    return table;
}

const CommandEntry* find_command(std::string_view name) noexcept {
    for (const auto& entry : table)
        if (entry.name == name) return &entry;
    return nullptr;
}

}  // namespace airy::tools
