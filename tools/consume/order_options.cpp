// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "consume/order_options.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "options.hpp"
#include "util/error.hpp"

namespace airy::tools::consume {

void OrderOptions::add(cli::App& app) {
    const std::string group = "Order";
    app.option("--serial-by", by,
               "handle messages of one key one after another; the key: a field of the body such as "
               "post_id, header:NAME, or topic")
        .type_name("KEY")
        .note(given)
        .group(group);
    app.option("--serial-retry", retry,
               "while a failed message waits for its next attempt: hold the later ones of its key, "
               "or let them pass [pass]")
        .one_of({"hold", "pass"})
        .type_name("MODE")
        .note(given)
        .note(of_retries_)
        .group(group);
}

void OrderOptions::apply(work::ConsumerOptions& options) const {
    if (std::ranges::find(given, "--serial-by") == given.end()) {
        refuse_without_effect(of_retries_, "without --serial-by",
                              "--serial-by KEY tells which messages belong together");
        return;
    }
    try {
        options.intake.serial_by.emplace(by);
    } catch (const Error& error) {
        throw Error(ErrorKind::usage, fmt::format("--serial-by: {}", error.what()), error.hint());
    }
    options.retry.in_place = retry == "hold";
}

// Where keys come in any order, 32 messages a slot fill nearly every slot, even with no more keys
// than slots.
std::size_t OrderOptions::messages_for(std::size_t slots) noexcept {
    return std::max(8 * slots, std::clamp<std::size_t>(32 * slots, 256, 2000));
}

}  // namespace airy::tools::consume
