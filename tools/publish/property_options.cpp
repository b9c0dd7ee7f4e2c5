// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "publish/property_options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "publish/header_option.hpp"
#include "util/error.hpp"
#include "util/text.hpp"

namespace airy::tools::publish {

void PropertyOptions::add(cli::App& app, const std::string& content_type_otherwise) {
    app.option("--header", headers,
               "add a header (repeatable); a type is string, int, double, bool, timestamp, json, …")
        .type_name("NAME[:TYPE]=VALUE")
        .one_each()
        .group(group);
    app.option("--priority", priority, "0 to 255").type_name("N").between(0, 255).group(group);
    app.duration("--expiration", expiration, "the broker drops it when unread for this long")
        .whole_milliseconds()
        .group(group);
    app.option("--content-type", content_type, content_type_otherwise)
        .type_name("TYPE")
        .group(group);
    app.option("--content-encoding", content_encoding, "e.g. gzip, of a body that is")
        .type_name("NAME")
        .group(group);
    app.flag("--transient", transient, "lost when the broker restarts").group(group);
}

void PropertyOptions::read() {
    for (const auto& header : headers) {
        auto field = header_of(header);
        if (std::ranges::find(read_headers, field.first, &event::HeaderField::first) !=
            read_headers.end())
            throw Error(ErrorKind::usage,
                        fmt::format("--header gives '{}' twice", util::printable(field.first)),
                        "a header has one value; :json=[…] makes a list of several");
        read_headers.push_back(std::move(field));
    }
}

// A header of the message gives way to one of the same name.
void PropertyOptions::apply(event::Message& message) const {
    for (const auto& [name, value] : read_headers)
        std::erase_if(message.headers, [&name = name](const event::HeaderField& field) {
            return field.first == name;
        });
    message.headers.insert(message.headers.end(), read_headers.begin(), read_headers.end());
    auto& p = message.properties;
    if (priority) p.priority = static_cast<std::uint8_t>(*priority);
    if (expiration)
        p.expiration = std::to_string(
            std::chrono::duration_cast<std::chrono::milliseconds>(*expiration).count());
    if (!content_type.empty()) p.content_type = content_type;
    if (!content_encoding.empty()) p.content_encoding = content_encoding;
    if (transient) p.delivery_mode = 1;
}

}  // namespace airy::tools::publish
