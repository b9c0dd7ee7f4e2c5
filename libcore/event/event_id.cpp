// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "event/event_id.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string_view>
#include <vector>

#include "event/header_json.hpp"
#include "util/json_text.hpp"
#include "util/uuid.hpp"

namespace airy::event {
namespace {

// Two FNV-1a hashes of 64 bits, of which the second is stirred further, so that both together tell
// as many texts apart as 128 bits can.
class Digest {
  public:
    void add(std::string_view text) {
        for (const char c : text)
            add(static_cast<unsigned char>(c));
        add(ending);
    }
    std::string uuid() const { return util::uuid_v8(first_, second_); }

  private:
    static constexpr unsigned ending = 256;  // no byte: texts are told from their joint

    void add(unsigned byte) {
        first_ = (first_ ^ byte) * 0x100000001b3;
        second_ = std::rotl((second_ ^ byte) * 0x9e3779b97f4a7c15, 29);
    }

    std::uint64_t first_ = 0xcbf29ce484222325;
    std::uint64_t second_ = 0x6a09e667f3bcc908;
};

// The headers, but those that brokers and consumers add on the way.
std::string own_headers(const Message& message) {
    Message kept;
    std::ranges::copy_if(message.headers, std::back_inserter(kept.headers),
                         [](const HeaderField& field) { return !field.first.starts_with("x-"); });
    kept.has_headers = true;
    std::string text;
    append_headers(text, kept);
    return text;
}

}  // namespace

std::string derived_id(const Message& message) {
    Digest digest;
    digest.add(message.exchange);
    digest.add(message.topic);
    const auto& properties = message.properties;
    for (const auto* text :
         {&properties.type, &properties.content_type, &properties.content_encoding,
          &properties.correlation_id, &properties.reply_to, &properties.app_id})
        digest.add(text->value_or(""));
    digest.add(properties.timestamp ? std::to_string(*properties.timestamp) : std::string());
    digest.add(own_headers(message));
    digest.add(message.body);
    return digest.uuid();
}

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
