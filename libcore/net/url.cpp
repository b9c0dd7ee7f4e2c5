// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "net/url.hpp"

#include <algorithm>
#include <charconv>

namespace airy::net {
namespace {

bool is_scheme_character(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' ||
           c == '-' || c == '.';
}

// The position of `://` after the scheme; npos when there is no scheme.
std::size_t find_scheme_end(std::string_view url) noexcept {
    const auto end = url.find("://");
    if (end == url.npos) return end;
    return std::ranges::all_of(url.substr(0, end), is_scheme_character) ? end : url.npos;
}

}  // namespace

std::optional<UrlParts> split_url(std::string_view url) {
    const auto scheme_end = find_scheme_end(url);
    if (scheme_end == url.npos) return std::nullopt;
    UrlParts parts;
    parts.scheme = url.substr(0, scheme_end);
    auto rest = url.substr(scheme_end + 3);
    if (const auto mark = rest.find('?'); mark != rest.npos) {
        parts.query = rest.substr(mark + 1);
        rest = rest.substr(0, mark);
    }
    const auto slash = std::min(rest.find('/'), rest.size());
    parts.path = rest.substr(slash);
    parts.hosts = rest.substr(0, slash);
    if (const auto at = parts.hosts.rfind('@'); at != parts.hosts.npos) {
        const auto login = parts.hosts.substr(0, at);
        const auto colon = login.find(':');
        parts.user = login.substr(0, colon);
        if (colon != login.npos) parts.password = login.substr(colon + 1);
        parts.hosts.remove_prefix(at + 1);
    }
    return parts;
}

std::vector<std::string_view> split_hosts(std::string_view hosts) {
    std::vector<std::string_view> out;
    for (;;) {
        const auto comma = hosts.find(',');
        out.push_back(hosts.substr(0, comma));
        if (comma == hosts.npos) return out;
        hosts.remove_prefix(comma + 1);
    }
}

std::optional<HostFault> split_host_port(std::string_view text, HostPort& out) {
    out = {};
    if (text.starts_with('[')) {
        out.bracketed = true;
        const auto bracket = text.find(']');
        if (bracket == text.npos) return HostFault::open_bracket;
        const auto rest = text.substr(bracket + 1);
        if (!rest.empty() && rest[0] != ':') return HostFault::text_behind_bracket;
        if (!rest.empty()) out.port = rest.substr(1);
        out.host = text.substr(1, bracket - 1);
        return std::nullopt;
    }
    const auto colon = text.rfind(':');
    out.host = text.substr(0, colon);
    if (colon != text.npos) out.port = text.substr(colon + 1);
    return std::nullopt;
}

std::optional<std::uint16_t> parse_port(std::string_view text) noexcept {
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return port;
}

std::vector<QueryItem> split_query(std::string_view query) {
    std::vector<QueryItem> items;
    while (!query.empty()) {
        const auto item = query.substr(0, query.find('&'));
        query.remove_prefix(std::min(query.size(), item.size() + 1));
        if (item.empty()) continue;
        const auto equals = std::min(item.find('='), item.size());
        items.push_back({item.substr(0, equals), item.substr(std::min(item.size(), equals + 1))});
    }
    return items;
}

std::optional<PasswordPlace> find_password(std::string_view url) noexcept {
    const auto scheme_end = find_scheme_end(url);
    const std::size_t start = scheme_end == url.npos ? 0 : scheme_end + 3;
    const auto at = url.rfind('@');
    if (at == url.npos || at < start) return std::nullopt;
    const auto colon = url.find(':', start);
    if (colon == url.npos || colon > at) return std::nullopt;
    return PasswordPlace{colon, at};
}

bool may_show(std::string_view url, std::string_view part) noexcept {
    return url.find('@', static_cast<std::size_t>(part.data() - url.data())) == url.npos;
}

}  // namespace airy::net
