// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "net/url.hpp"

#include <strings.h>

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

// The first position behind the scheme and its `//`; 0 when there is no scheme.
std::size_t find_authority(std::string_view url) noexcept {
    const auto scheme_end = find_scheme_end(url);
    return scheme_end == url.npos ? 0 : scheme_end + 3;
}

bool is_number(std::string_view text) noexcept {
    return std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

bool is_http(std::string_view url) noexcept {
    constexpr std::string_view https = "https";
    const auto end = find_scheme_end(url);
    if (end != https.size() && end != https.size() - 1) return false;
    return ::strncasecmp(url.data(), https.data(), end) == 0;
}

// From the first port that is no number to the end of the hosts, in a URL without an `@`.
std::optional<TextPlace> find_odd_port(std::string_view url, std::size_t start) {
    const auto end = std::min(url.find_first_of("/?#", start), url.size());
    for (const auto host : split_hosts(url.substr(start, end - start))) {
        HostPort split;
        if (split_host_port(host, split) || !split.port) continue;
        // `a:b:80`: what stands before the last `:` is no port of a host either.
        const auto colon = split.bracketed ? host.npos : split.host.find(':');
        const auto odd = colon == host.npos ? *split.port : host.substr(colon + 1);
        if (colon != host.npos || !is_number(odd))
            return TextPlace{static_cast<std::size_t>(odd.data() - url.data()), end};
    }
    return std::nullopt;
}

// The end of the word that begins at `begin` and has its `://` at `mark`, by quotation marks or
// blanks.
std::size_t end_of_marked_word(std::string_view text, std::size_t begin, std::size_t mark) {
    const char quote = begin == 0 ? '\0' : text[begin - 1];
    if (quote == '\'' || quote == '"')
        for (auto end = text.find(quote, mark); end != text.npos; end = text.find(quote, end + 1))
            if (end + 1 == text.size() ||
                std::string_view(" \n,;:.)]}").find(text[end + 1]) != std::string_view::npos)
                return end;
    return std::min(text.find_first_of(" \t\n", mark), text.size());
}

// The same; a query that no `@` follows, so that it is none of a password, ends where no query can
// go on: before a blank or a `"`, also an escaped one.
std::size_t end_of_word(std::string_view text, std::size_t begin, std::size_t mark) {
    const auto end = end_of_marked_word(text, begin, mark);
    const auto word = text.substr(0, end);
    const auto query = word.find('?', mark);
    if (query == word.npos || word.find('@', query) != word.npos) return end;
    auto stop = std::min(word.find_first_of(" \t\n\"", query), end);
    const bool quoted = stop < text.size() && text[stop] == '"';
    while (quoted && text[stop - 1] == '\\')
        --stop;
    return stop;
}

// The secret part of the login. A token may be the user of an HTTP URL, so there it is all of it;
// that user may also be without a password.
std::optional<TextPlace> find_login_secret(std::string_view url) noexcept {
    const auto password = find_password(url);
    if (!is_http(url)) {
        if (!password) return std::nullopt;
        return TextPlace{password->begin + 1, password->end};
    }
    const auto start = find_authority(url);
    if (password) return TextPlace{start, password->end};
    const auto end = std::min(url.find_first_of("/?#", start), url.size());
    const auto at = url.substr(0, end).rfind('@');
    if (at == url.npos || at <= start) return std::nullopt;
    return TextPlace{start, at};
}

// Adds the secrets of the query that begins behind the first `?` from `start` on.
void add_query_secrets(std::string_view url, std::size_t start,
                       std::span<const std::string_view> open_names,
                       std::vector<TextPlace>& places) {
    const auto mark = url.find('?', start);
    if (mark == url.npos) return;
    for (const auto& [name, value] : split_query(url.substr(mark + 1))) {
        const auto end = static_cast<std::size_t>(value.data() - url.data()) + value.size();
        const auto begin = static_cast<std::size_t>(name.data() - url.data());
        const bool named = begin + name.size() < url.size() && url[begin + name.size()] == '=';
        if (!named)
            places.push_back({begin, begin + name.size()});
        else if (!value.empty() && std::ranges::find(open_names, name) == open_names.end())
            places.push_back({end - value.size(), end});
    }
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
    const auto last_at = url.rfind('@');
    const auto colon = url.find(':', scheme_end + 3);
    parts.login_unclear =
        last_at != url.npos && last_at > scheme_end + 3 + slash && colon < last_at;
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

std::optional<TextPlace> find_password(std::string_view url) noexcept {
    const auto start = find_authority(url);
    const auto at = url.rfind('@');
    if (at == url.npos || at < start) return std::nullopt;
    const auto colon = url.find(':', start);
    if (colon == url.npos || colon > at) return std::nullopt;
    return TextPlace{colon, at};
}

std::vector<TextPlace> find_secrets(std::string_view url,
                                    std::span<const std::string_view> open_names) {
    std::vector<TextPlace> places;
    auto rest = find_authority(url);
    if (const auto login = find_login_secret(url)) {
        places.push_back(*login);
        rest = login->end + 1;
        // The last `@` may belong to the value of a parameter; then the rest of that value follows.
        const auto hidden = url.substr(login->begin, login->end - login->begin);
        const auto mark = hidden.find('?', std::min(hidden.find('@'), hidden.size()));
        if (mark != hidden.npos && hidden.find('=', mark) != hidden.npos) {
            places.push_back({rest, url.size()});
            return places;
        }
    } else if (url.find('@', rest) == url.npos) {
        if (const auto port = find_odd_port(url, rest)) {
            places.push_back(*port);
            rest = port->end;
        }
    }
    add_query_secrets(url, rest, open_names, places);
    return places;
}

std::string masked_url(std::string_view url, std::span<const std::string_view> open_names) {
    std::string shown;
    std::size_t from = 0;
    for (const auto& place : find_secrets(url, open_names)) {
        shown.append(url.substr(from, place.begin - from)).append("***");
        from = place.end;
    }
    return shown.append(url.substr(from));
}

bool may_show(std::string_view url, std::string_view part) {
    const auto begin = static_cast<std::size_t>(part.data() - url.data());
    return std::ranges::none_of(find_secrets(url), [&](const TextPlace& place) {
        return place.begin < begin + part.size() && begin < place.end;
    });
}

bool has_control(std::string_view text) noexcept {
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto c = static_cast<unsigned char>(text[i]);
        if (c < ' ' || c == 0x7f) return true;
        const auto next = static_cast<unsigned char>(i + 1 < text.size() ? text[i + 1] : '\0');
        if (c == 0xc2 && next >= 0x80 && next < 0xa0) return true;
    }
    return false;
}

std::vector<TextPlace> find_url_words(std::string_view text) {
    std::vector<TextPlace> words;
    std::size_t from = 0;
    for (auto mark = text.find("://"); mark != text.npos; mark = text.find("://", from)) {
        auto begin = mark;
        while (begin > from && is_scheme_character(text[begin - 1]))
            --begin;
        const auto end = end_of_word(text, begin, mark);
        words.push_back({begin, end});
        from = end;
    }
    return words;
}

}  // namespace airy::net
