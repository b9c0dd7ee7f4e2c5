// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "cli/app.hpp"
#include "mq/endpoint.hpp"
#include "mq/transfer.hpp"

namespace airy::tools {

// `--yes` of the commands that look into a queue, whose broker may count a look as a delivery.
struct LastLookOption {
    bool yes = false;

    void add(cli::App& app);
    void apply(mq::Endpoint& endpoint) const { endpoint.look_to_the_last = yes; }
};

// Tells on stderr how a look changed the queue, and how many more looks its messages bear.
void tell_effect(const std::string& queue, const mq::Look& look);

// Throws where messages are missing after the look, or where it ended since the next return of a
// message would have been one too many. Runs after all output.
void check_look(const std::string& queue, const mq::Look& look);

// The same for messages that were taken and stayed.
void check_that_all_came_back(std::uint64_t missing);
// Messages that are now at the end of their queue.
void tell_copied(const std::string& queue, std::uint64_t copied);

}  // namespace airy::tools
