// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "event/event_id.hpp"

#include <vector>

#include "util/json_text.hpp"

namespace airy::event {

std::string id_of(const Message& message) {
    const auto& id = message.properties.message_id;
    if (id && !id->empty()) return *id;
    util::JsonKind kind{};
    std::vector<util::JsonMember> members;
    if (util::scan_json(message.body, kind, members) || kind != util::JsonKind::object) return {};
    for (const auto& member : members) {
        const bool named = member.key_escaped ? util::json_unescape(member.key) == "event_id"
                                              : member.key == "event_id";
        if (named && member.kind == util::JsonKind::string) return util::json_string(member.value);
    }
    return {};
}

}  // namespace airy::event
