// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "publish/property_options.hpp"

#include "publish/header_option.hpp"

namespace airy::tools::publish {

void PropertyOptions::add(cli::App& app, const std::string& content_type_otherwise) {
    app.option("--header", headers,
               "add a header (repeatable); a type is string, int, double, bool, timestamp, json, …")
        .type_name("NAME[:TYPE]=VALUE")
        .one_each()
        .group(group);
    app.option("--priority", priority, "0 to 255").type_name("N").between(0, 255).group(group);
    app.duration("--expiration", expiration, "the broker drops it when unread for this long")
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
    for (const auto& header : headers)
        read_headers.push_back(header_of(header));
}

void PropertyOptions::apply(event::Message& message) const {
    message.headers.insert(message.headers.end(), read_headers.begin(), read_headers.end());
    auto& p = message.properties;
    if (priority) p.priority = static_cast<std::uint8_t>(*priority);
    if (expiration)
        p.expiration =
            std::to_string(std::chrono::ceil<std::chrono::milliseconds>(*expiration).count());
    if (!content_type.empty()) p.content_type = content_type;
    if (!content_encoding.empty()) p.content_encoding = content_encoding;
    if (transient) p.delivery_mode = 1;
}

}  // namespace airy::tools::publish
