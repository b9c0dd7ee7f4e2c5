// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

#include "cli/app.hpp"
#include "mq/delivery.hpp"

namespace airy::tools {

// The form in which a command prints messages: for people, as message lines, or the bodies alone.
enum class MessageFormat : std::uint8_t { pretty, json, raw };

// `--output pretty|json|raw` of the commands that print messages.
struct MessageFormatOption {
    std::string word;  // from the command line; empty: not given there

    cli::Option add(cli::App& app);

    // Without the option: pretty on a terminal, else json. `json`: an option before the subcommand
    // asked for it.
    MessageFormat chosen(bool json = false) const;
};

// Appends the message with its line end.
void append_message(std::string& out, const mq::Delivered& delivered, MessageFormat format);

}  // namespace airy::tools
