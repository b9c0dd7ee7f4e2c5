// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "event/header_json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <iterator>
#include <limits>
#include <unordered_map>
#include <vector>

#include "event/limits.hpp"
#include "util/json_text.hpp"
#include "util/text.hpp"

namespace airy::event {
namespace {

using util::JsonKind;
using util::JsonMember;

// One step of a JSON pointer (RFC 6901).
void append_step(std::string& pointer, std::string_view name) {
    pointer += '/';
    for (const char c : name) {
        if (c == '~')
            pointer += "~0";
        else if (c == '/')
            pointer += "~1";
        else
            pointer += c;
    }
}

// Whether the table can be a JSON object: each name is UTF-8 and there once.
bool is_plain(const HeaderTable& table) {
    std::vector<std::string_view> names;
    names.reserve(table.size());
    for (const auto& [name, value] : table) {
        if (!util::is_utf8(name)) return false;
        names.push_back(name);
    }
    std::sort(names.begin(), names.end());
    return std::adjacent_find(names.begin(), names.end()) == names.end();
}

template <typename Float, typename Bits>
std::string float_text(Float value) {
    if (std::isfinite(value)) {
        auto text = fmt::format("{}", value);
        // Other programs read the integer -0 as 0.
        if (text.find_first_of(".e") == std::string::npos) text += ".0";
        return text;
    }
    if (std::isinf(value)) return value > 0 ? R"("Infinity")" : R"("-Infinity")";
    const auto bits = std::bit_cast<Bits>(value);
    if (bits == std::bit_cast<Bits>(std::numeric_limits<Float>::quiet_NaN())) return R"("NaN")";
    return fmt::format(R"("NaN:{:x}")", bits);
}

class HeaderWriter {
  public:
    explicit HeaderWriter(std::string& out) : out_(out) {}

    const std::string& types() const noexcept { return types_; }

    void table(const HeaderTable& table) {
        if (!is_plain(table)) return entries(table);
        out_ += '{';
        const auto length = pointer_.size();
        for (std::size_t i = 0; i < table.size(); ++i) {
            if (i != 0) out_ += ',';
            util::append_json_string(out_, table[i].first);
            out_ += ':';
            append_step(pointer_, table[i].first);
            value(table[i].second);
            pointer_.resize(length);
        }
        out_ += '}';
    }

    void type(std::string_view name) {
        if (!types_.empty()) types_ += ',';
        util::append_json_string(types_, pointer_);
        types_ += ":\"";
        types_ += name;
        types_ += '"';
    }

  private:
    void entries(const HeaderTable& table) {
        type("entries");
        out_ += '[';
        const auto length = pointer_.size();
        for (std::size_t i = 0; i < table.size(); ++i) {
            if (i != 0) out_ += ',';
            out_ += "[\"";
            out_ += util::base64_encode(table[i].first);
            out_ += "\",";
            fmt::format_to(std::back_inserter(pointer_), "/{}/1", i);
            value(table[i].second);
            out_ += ']';
            pointer_.resize(length);
        }
        out_ += ']';
    }

    void array(const HeaderArray& array) {
        out_ += '[';
        const auto length = pointer_.size();
        for (std::size_t i = 0; i < array.size(); ++i) {
            if (i != 0) out_ += ',';
            fmt::format_to(std::back_inserter(pointer_), "/{}", i);
            value(array[i]);
            pointer_.resize(length);
        }
        out_ += ']';
    }

    // A value too deep to be read back is left out and marked as such: the parser refuses the line.
    void value(const HeaderValue& header) {
        if (depth_ == header_depth_limit) {
            type("too_deep");
            out_ += "null";
            return;
        }
        ++depth_;
        std::visit([this](const auto& v) { put(v); }, header.value);
        --depth_;
    }

    void put(std::monostate) { out_ += "null"; }
    void put(bool v) { out_ += v ? "true" : "false"; }
    void put(std::int8_t v) { number(v, "int8"); }
    void put(std::uint8_t v) { number(v, "uint8"); }
    void put(std::int16_t v) { number(v, "int16"); }
    void put(std::uint16_t v) { number(v, "uint16"); }
    void put(std::int32_t v) { number(v, "int32"); }
    void put(std::uint32_t v) { number(v, "uint32"); }
    void put(std::int64_t v) { fmt::format_to(std::back_inserter(out_), "{}", v); }
    void put(std::uint64_t v) { number(v, "uint64"); }
    void put(float v) {
        type("float");
        out_ += float_text<float, std::uint32_t>(v);
    }
    void put(double v) {
        const auto text = float_text<double, std::uint64_t>(v);
        // Another program that rewrites the line may write a double without a fraction as an
        // integer.
        if (!std::isfinite(v) || v == std::trunc(v)) type("double");
        out_ += text;
    }
    void put(const HeaderDecimal& v) {
        type("decimal");
        fmt::format_to(std::back_inserter(out_), R"({{"value":{},"scale":{}}})", v.value, v.scale);
    }
    void put(const std::string& v) {
        if (util::is_utf8(v))
            util::append_json_string(out_, v);
        else
            base64(v, "base64");
    }
    void put(const HeaderBytes& v) { base64(v.bytes, "bytes"); }
    void put(const HeaderTimestamp& v) { number(v.seconds, "timestamp"); }
    void put(const HeaderArray& v) { array(v); }
    void put(const HeaderTable& v) { table(v); }

    template <std::integral T>
    void number(T v, std::string_view name) {
        type(name);
        if constexpr (std::signed_integral<T>)
            fmt::format_to(std::back_inserter(out_), "{}", static_cast<std::int64_t>(v));
        else
            fmt::format_to(std::back_inserter(out_), "{}", static_cast<std::uint64_t>(v));
    }
    void base64(std::string_view bytes, std::string_view name) {
        type(name);
        out_ += '"';
        out_ += util::base64_encode(bytes);
        out_ += '"';
    }

    std::string& out_;
    std::string pointer_;
    std::string types_;  // the members of header_types
    std::size_t depth_ = 0;
};

class HeaderReader {
  public:
    explicit HeaderReader(std::string_view types) {
        if (types.empty()) return;
        for (const auto& member : members_of(types, JsonKind::object)) {
            if (member.kind != JsonKind::string)
                throw LineFault(member.value.data(), "a header type must be a string");
            types_[util::json_unescape(member.key)] = util::json_string(member.value);
        }
    }

    bool has_type(const std::string& pointer, std::string_view type) const {
        const auto found = types_.find(pointer);
        return found != types_.end() && found->second == type;
    }

    HeaderTable table(std::string_view text) {
        if (has_type(pointer_, "entries")) return entries(text);
        HeaderTable table;
        for (const auto& member : members_of(text, JsonKind::object)) {
            auto name = util::json_unescape(member.key);
            const auto length = pointer_.size();
            append_step(pointer_, name);
            auto read = value(member.value);
            pointer_.resize(length);
            table.emplace_back(std::move(name), std::move(read));
        }
        return table;
    }

  private:
    static std::vector<JsonMember> members_of(std::string_view text, JsonKind expected) {
        std::vector<JsonMember> members;
        JsonKind kind = JsonKind::null;
        if (const auto fault = util::scan_json(text, kind, members))
            throw LineFault(text.data() + fault->position, fault->what);
        if (kind != expected)
            throw LineFault(text.data(), expected == JsonKind::object
                                             ? "a table must be a JSON object"
                                             : "entries must be a JSON array");
        return members;
    }

    HeaderTable entries(std::string_view text) {
        HeaderTable table;
        std::size_t i = 0;
        for (const auto& entry : members_of(text, JsonKind::array)) {
            const auto pair = members_of(entry.value, JsonKind::array);
            if (pair.size() != 2) throw LineFault(entry.value.data(), "an entry is [name, value]");
            auto name = base64(pair[0].value);
            const auto length = pointer_.size();
            fmt::format_to(std::back_inserter(pointer_), "/{}/1", i++);
            auto read = value(pair[1].value);
            pointer_.resize(length);
            table.emplace_back(std::move(name), std::move(read));
        }
        return table;
    }

    HeaderArray array(std::string_view text) {
        HeaderArray array;
        for (const auto& element : members_of(text, JsonKind::array)) {
            const auto length = pointer_.size();
            fmt::format_to(std::back_inserter(pointer_), "/{}", array.size());
            array.push_back(value(element.value));
            pointer_.resize(length);
        }
        return array;
    }

    HeaderValue value(std::string_view text) {
        if (depth_ == header_depth_limit)
            throw LineFault(text.data(), fmt::format("headers are nested more than {} deep",
                                                     header_depth_limit));
        ++depth_;
        const auto type = types_.find(pointer_);
        auto read = type == types_.end() ? natural(text) : typed(text, type->second);
        --depth_;
        return read;
    }

    HeaderValue natural(std::string_view text) {
        switch (util::json_kind(text)) {
            case JsonKind::null:
                return {};
            case JsonKind::boolean:
                return {text == "true"};
            case JsonKind::string:
                return {util::json_string(text)};
            case JsonKind::array:
                return {array(text)};
            case JsonKind::object:
                return {table(text)};
            case JsonKind::number:
                break;
        }
        if (text.find_first_of(".eE") != std::string_view::npos)
            return {floating<double, std::uint64_t>(text)};
        return {integer<std::int64_t>(text)};
    }

    HeaderValue typed(std::string_view text, const std::string& type) {
        if (type == "int8") return {integer<std::int8_t>(text)};
        if (type == "uint8") return {integer<std::uint8_t>(text)};
        if (type == "int16") return {integer<std::int16_t>(text)};
        if (type == "uint16") return {integer<std::uint16_t>(text)};
        if (type == "int32") return {integer<std::int32_t>(text)};
        if (type == "uint32") return {integer<std::uint32_t>(text)};
        if (type == "int64") return {integer<std::int64_t>(text)};
        if (type == "uint64") return {integer<std::uint64_t>(text)};
        if (type == "timestamp") return {HeaderTimestamp{integer<std::uint64_t>(text)}};
        if (type == "float") return {floating<float, std::uint32_t>(text)};
        if (type == "double") return {floating<double, std::uint64_t>(text)};
        if (type == "decimal") return {decimal(text)};
        if (type == "bytes") return {HeaderBytes{base64(text)}};
        if (type == "base64") return {base64(text)};
        if (type == "entries") return {entries(text)};
        throw LineFault(text.data(),
                        fmt::format("unknown header type '{}'", util::printable(type, 40)));
    }

    template <std::integral T>
    static T integer(std::string_view text) {
        T value{};
        const char* end = text.data() + text.size();
        const auto [rest, error] = std::from_chars(text.data(), end, value);
        if (error != std::errc() || rest != end)
            throw LineFault(text.data(), fmt::format("the header {} is no {}-bit {}integer",
                                                     util::printable(text, 40), sizeof(T) * 8,
                                                     std::signed_integral<T> ? "" : "unsigned "));
        return value;
    }

    template <typename Float, typename Bits>
    static Float floating(std::string_view text) {
        const auto wrong = [text] {
            return LineFault(text.data(), fmt::format("the header {} is no number that fits",
                                                      util::printable(text, 40)));
        };
        const auto name = util::json_kind(text) == JsonKind::string
                              ? text.substr(1, text.size() - 2)
                              : std::string_view{};
        if (name == "NaN") return std::numeric_limits<Float>::quiet_NaN();
        if (name == "Infinity") return std::numeric_limits<Float>::infinity();
        if (name == "-Infinity") return -std::numeric_limits<Float>::infinity();
        if (name.starts_with("NaN:")) {
            Bits bits{};
            const char* end = name.data() + name.size();
            const auto [rest, error] = std::from_chars(name.data() + 4, end, bits, 16);
            const auto value = std::bit_cast<Float>(bits);
            if (error != std::errc() || rest != end || !std::isnan(value)) throw wrong();
            return value;
        }
        Float value{};
        const char* end = text.data() + text.size();
        const auto [rest, error] = std::from_chars(text.data(), end, value);
        if (error != std::errc() || rest != end) throw wrong();
        return value;
    }

    static HeaderDecimal decimal(std::string_view text) {
        HeaderDecimal decimal;
        for (const auto& member : members_of(text, JsonKind::object)) {
            if (member.key == "value")
                decimal.value = integer<std::uint32_t>(member.value);
            else if (member.key == "scale")
                decimal.scale = integer<std::uint8_t>(member.value);
            else
                throw LineFault(member.key.data(), "a decimal has value and scale, nothing else");
        }
        return decimal;
    }

    static std::string base64(std::string_view text) {
        if (util::json_kind(text) == JsonKind::string)
            if (auto bytes = util::base64_decode(util::json_string(text))) return std::move(*bytes);
        throw LineFault(text.data(), "base64 is needed here");
    }

    std::unordered_map<std::string, std::string> types_;  // by pointer
    std::string pointer_;
    std::size_t depth_ = 0;
};

}  // namespace

void append_headers(std::string& out, const Message& message) {
    out += R"("headers":)";
    if (!message.has_headers) {
        out += "{}";
        return;
    }
    HeaderWriter writer(out);
    writer.table(message.headers);
    if (message.headers.empty()) writer.type("table");
    if (writer.types().empty()) return;
    out += R"(,"header_types":{)";
    out += writer.types();
    out += '}';
}

void read_headers(Message& message, std::string_view headers, std::string_view types) {
    HeaderReader reader(types);
    message.headers = reader.table(headers);
    message.has_headers = !message.headers.empty() || reader.has_type("", "table");
}

}  // namespace airy::event
