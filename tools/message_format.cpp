// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "message_format.hpp"

#include "event/message_line.hpp"
#include "output/pretty.hpp"
#include "output/stream.hpp"

namespace airy::tools {

cli::Option MessageFormatOption::add(cli::App& app) {
    return app
        .option("-o,--output", word,
                "pretty (on a terminal), json (message lines, as publish --lines message reads "
                "them) or raw (bodies)")
        .one_of({"pretty", "json", "raw", "text"})
        .type_name("FORMAT");
}

MessageFormat MessageFormatOption::chosen(bool json) const {
    if (word == "raw") return MessageFormat::raw;
    if (word == "json") return MessageFormat::json;
    if (!word.empty()) return MessageFormat::pretty;
    return json || !output::stdout_is_terminal() ? MessageFormat::json : MessageFormat::pretty;
}

void append_message(std::string& out, const mq::Delivered& delivered, MessageFormat format) {
    switch (format) {
        case MessageFormat::pretty:
            out += output::pretty(delivered, output::colour_stdout());
            return;
        case MessageFormat::raw:
            out += delivered.message.body;
            break;
        case MessageFormat::json:
            event::append_message_line(out, delivered.message, delivered.queue,
                                       delivered.redelivered, delivered.received_at);
            break;
    }
    out += '\n';
}

}  // namespace airy::tools
