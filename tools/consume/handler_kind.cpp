// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "consume/handler_kind.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "options.hpp"
#include "util/error.hpp"

namespace airy::tools::consume {
namespace {

constexpr std::unique_ptr<HandlerKind> (*makers[])() = {
    make_print_kind,
    make_worker_kind,
    make_command_kind,
    make_http_kind,
};

}  // namespace

void HandlerKind::use_batches(const work::BatchOptions&) {
    throw Error(ErrorKind::usage, fmt::format("--batch has no effect beside {}", name()),
                "it is for handlers that take several messages at once, such as commands");
}

std::size_t HandlerKind::read_ahead(std::size_t slots, work::ReadAhead::Amount wanted) const {
    if (wanted == work::ReadAhead::Amount::none) return 0;
    return std::clamp<std::size_t>(slots, 4, 1000);
}

std::vector<std::unique_ptr<HandlerKind>> handler_kinds() {
    std::vector<std::unique_ptr<HandlerKind>> kinds;
    for (const auto make : makers)
        kinds.push_back(make());
    return kinds;
}

HandlerKind& choose(const std::vector<std::unique_ptr<HandlerKind>>& kinds,
                    const std::vector<std::string>& command) {
    HandlerKind* chosen = nullptr;
    for (const auto& kind : kinds) {
        if (!kind->is_chosen(command)) continue;
        if (chosen != nullptr && chosen->runs_command() && kind->runs_command()) continue;
        if (chosen != nullptr)
            throw Error(ErrorKind::usage,
                        fmt::format("{} and {} exclude each other", chosen->name(), kind->name()));
        chosen = kind.get();
    }
    if (chosen == nullptr)
        throw Error(ErrorKind::usage, "nothing to do with the messages",
                    "end with -- CMD ARG… to run a command for each, or use --http URL or --print");
    chosen->check(command);
    for (const auto& kind : kinds)
        if (kind.get() != chosen)
            refuse_without_effect(kind->own_options(), fmt::format("beside {}", chosen->name()),
                                  kind->own_options_hint());
    return *chosen;
}

}  // namespace airy::tools::consume
