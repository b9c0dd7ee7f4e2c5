// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "net/http_redirect.hpp"

#include <algorithm>

#include "util/error.hpp"

namespace airy::net {
namespace {

char lower_case(char c) noexcept {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool equal_but_for_case(std::string_view a, std::string_view b) noexcept {
    return std::ranges::equal(a, b, {}, lower_case, lower_case);
}

bool has_scheme(std::string_view reference) noexcept {
    const auto end = reference.find_first_of(":/?");
    return end != reference.npos && reference[end] == ':';
}

bool can_stand_in_head(std::string_view text) noexcept {
    return std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~'; });
}

// RFC 3986 section 5.2.4, for a path that begins with `/`.
std::string without_dots(std::string_view path) {
    std::string out;
    while (!path.empty()) {
        const auto end = std::min(path.find('/', 1), path.size());
        const auto segment = path.substr(0, end);
        path.remove_prefix(end);
        const bool up = segment == "/..";
        if (up) out.erase(std::min(out.rfind('/'), out.size()));
        if (!up && segment != "/.")
            out += segment;
        else if (path.empty())
            out += '/';
    }
    return out;
}

std::string path_of(std::string_view target) {
    return std::string(target.substr(0, target.find('?')));
}

}  // namespace

std::optional<std::string> redirect_target(const HttpResource& from, std::string_view location) {
    const auto& server = from.server;
    location = location.substr(0, location.find('#'));
    if (!can_stand_in_head(location)) return std::nullopt;
    if (location.starts_with("//") || has_scheme(location)) {
        std::string url(location);
        if (location.starts_with("//")) url.insert(0, server.tls ? "https:" : "http:");
        const auto scheme_end = std::min(url.find(':'), url.size());
        std::transform(url.begin(), url.begin() + static_cast<std::ptrdiff_t>(scheme_end),
                       url.begin(), lower_case);
        try {
            const auto to = parse_http_resource(url);
            const bool same = to.server.tls == server.tls && to.server.port == server.port &&
                              equal_but_for_case(to.server.host, server.host) &&
                              to.server.user.empty();
            if (!same) return std::nullopt;
            return to.target;
        } catch (const Error&) {
            return std::nullopt;
        }
    }
    const auto mark = std::min(location.find('?'), location.size());
    const auto query = location.substr(mark);
    auto path = std::string(location.substr(0, mark));
    if (location.empty()) return from.target;
    if (path.empty()) return path_of(from.target) + std::string(query);
    if (!path.starts_with('/')) {
        const auto base = path_of(from.target);
        path.insert(0, base, 0, base.rfind('/') + 1);
    }
    return without_dots(path) + std::string(query);
}

}  // namespace airy::net
