// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "event/message_key.hpp"

#include <fmt/core.h>

#include <utility>

#include "util/error.hpp"
#include "util/text.hpp"

namespace airy::event {
namespace {

constexpr std::string_view header_prefix = "header:";
constexpr const char* forms = "e.g. post_id, author.id, header:tenant or topic";

MessageField parse_key_field(std::string_view text) {
    if (!text.starts_with(header_prefix)) return MessageField(text);
    return MessageField::header(text.substr(header_prefix.size()));
}

}  // namespace

MessageKey::MessageKey(std::string_view text) : field_(parse_key_field(text)) {
    if (text.empty() || text == header_prefix)
        throw Error(ErrorKind::usage,
                    fmt::format("'{}' names no field of a message", util::printable(text)), forms);
    if (const auto unknown = field_.unknown_property())
        throw Error(ErrorKind::usage,
                    fmt::format("'{}' is not an AMQP property", util::printable(*unknown)), forms);
}

std::optional<std::string> MessageKey::of(const Message& message, std::string_view queue) const {
    auto value = field_.find(message, queue);
    if (!value) return std::nullopt;
    switch (value->kind) {
        case util::JsonKind::null:
        case util::JsonKind::array:
        case util::JsonKind::object:
            return std::nullopt;
        default:
            return std::move(value->text);
    }
}

}  // namespace airy::event
