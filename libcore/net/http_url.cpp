// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "net/http_url.hpp"

#include <fmt/core.h>
#include <strings.h>

#include <algorithm>

#include "net/percent.hpp"
#include "net/url.hpp"
#include "util/error.hpp"
#include "util/text.hpp"

namespace airy::net {
namespace {

bool has_blank(std::string_view text) noexcept {
    return std::ranges::any_of(
        text, [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == 0x7f; });
}

// Schemes have no case (RFC 3986 section 3.1).
bool is_scheme(std::string_view scheme, std::string_view name) noexcept {
    return scheme.size() == name.size() &&
           ::strncasecmp(scheme.data(), name.data(), name.size()) == 0;
}

// One URL being read; `text` is all of it.
struct Reader {
    std::string_view text;
    const HttpUrlKind& kind;

    [[noreturn]] void wrong(std::string_view why) const {
        throw Error(ErrorKind::usage, fmt::format("cannot use the {}: {}", kind.name, why),
                    std::string(kind.hint));
    }

    std::string decode(std::string_view login) const {
        std::string out;
        if (percent_decode(login, out)) wrong("a % in its login is not followed by two hex digits");
        return out;
    }

    std::uint16_t read_port(std::string_view port) const {
        const auto number = parse_port(port);
        if (number && *number != 0) return *number;
        if (!may_show(text, port)) wrong("its port is not a number");
        wrong(fmt::format("'{}' is not a port", util::printable(port)));
    }

    UrlParts read_parts() const {
        const auto parts = split_url(text);
        if (!parts || !(is_scheme(parts->scheme, "http") || is_scheme(parts->scheme, "https")))
            wrong("it does not begin with http:// or https://");
        if (parts->login_unclear)
            wrong("a / or ? in its login, or an @ behind its host, is not percent-encoded");
        return *parts;
    }

    // All but the prefix.
    HttpUrl read_server(const UrlParts& parts) const {
        HttpUrl url;
        url.tls = is_scheme(parts.scheme, "https");
        url.port = url.tls ? kind.tls_port : kind.port;
        if (parts.user) url.user = decode(*parts.user);
        if (parts.password) url.password = decode(*parts.password);
        read_host(parts.hosts, url);
        return url;
    }

    void read_host(std::string_view authority, HttpUrl& url) const {
        HostPort split;
        if (const auto fault = split_host_port(authority, split))
            wrong(*fault == HostFault::open_bracket ? "its [ has no ]"
                                                    : "there is text between ] and the port");
        if (split.host.empty()) wrong("it names no host");
        if (has_blank(split.host)) wrong("its host has a blank in it");
        url.host = split.host;
        if (split.port) url.port = read_port(*split.port);
    }
};

}  // namespace

std::string HttpUrl::shown() const {
    const bool ipv6 = host.find(':') != host.npos;
    return fmt::format("{}://{}{}{}:{}{}", tls ? "https" : "http", ipv6 ? "[" : "", host,
                       ipv6 ? "]" : "", port, prefix);
}

HttpUrl parse_http_url(std::string_view text, const HttpUrlKind& kind) {
    const Reader reader{text, kind};
    const auto parts = reader.read_parts();
    if (parts.query || text.find('#') != text.npos) reader.wrong("it has a query or a fragment");
    if (has_blank(parts.path)) reader.wrong("its path has a blank");
    auto url = reader.read_server(parts);
    url.prefix = parts.path;
    while (url.prefix.ends_with('/'))
        url.prefix.pop_back();
    return url;
}

HttpResource parse_http_resource(std::string_view text, const HttpUrlKind& kind) {
    const Reader reader{text, kind};
    const auto parts = reader.read_parts();
    if (text.find('#') != text.npos) reader.wrong("it has a fragment");
    if (has_blank(parts.path)) reader.wrong("its path has a blank");
    if (parts.query && has_blank(*parts.query)) reader.wrong("its query has a blank");
    HttpResource resource{reader.read_server(parts), std::string(parts.path)};
    if (resource.target.empty()) resource.target = "/";
    if (parts.query) resource.target.append("?").append(*parts.query);
    return resource;
}

}  // namespace airy::net
