// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include <fmt/core.h>

#include <charconv>

#include "inspect/http.hpp"
#include "util/error.hpp"
#include "util/text.hpp"

namespace airy::inspect {
namespace {

constexpr std::uint16_t management_port = 15672;
constexpr std::uint16_t management_tls_port = 15671;

[[noreturn]] void wrong(std::string_view what) {
    throw Error(ErrorKind::usage, fmt::format("cannot use the management URL: {}", what),
                "it reads http://HOST:15672 or https://HOST:15671");
}

int hex_digit(char c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

std::string percent_decode(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += text[i];
            continue;
        }
        const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
        const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
        if (high < 0 || low < 0) wrong("a % in its login is not followed by two hex digits");
        out += static_cast<char>(high * 16 + low);
        i += 2;
    }
    return out;
}

std::uint16_t parse_port(std::string_view text) {
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (error != std::errc() || end != text.data() + text.size() || port == 0)
        wrong(fmt::format("'{}' is not a port", util::printable(text)));
    return port;
}

// Splits host and port, with an IPv6 address in brackets.
void parse_authority(std::string_view authority, HttpUrl& url) {
    std::string_view port;
    bool has_port = false;
    if (authority.starts_with('[')) {
        const auto bracket = authority.find(']');
        if (bracket == authority.npos) wrong("its [ has no ]");
        const auto rest = authority.substr(bracket + 1);
        if (!rest.empty() && rest[0] != ':') wrong("something stands between ] and the port");
        has_port = !rest.empty();
        if (has_port) port = rest.substr(1);
        authority = authority.substr(1, bracket - 1);
    } else if (const auto colon = authority.rfind(':'); colon != authority.npos) {
        has_port = true;
        port = authority.substr(colon + 1);
        authority = authority.substr(0, colon);
    }
    if (authority.empty()) wrong("it names no host");
    for (const char c : authority)
        if (static_cast<unsigned char>(c) <= ' ' || c == 0x7f) wrong("its host has a blank in it");
    url.host = authority;
    if (has_port) url.port = parse_port(port);
}

}  // namespace

std::string HttpUrl::shown() const {
    const bool ipv6 = host.find(':') != host.npos;
    return fmt::format("{}://{}{}{}:{}{}", tls ? "https" : "http", ipv6 ? "[" : "", host,
                       ipv6 ? "]" : "", port, prefix);
}

HttpUrl parse_http_url(std::string_view text) {
    HttpUrl url;
    if (text.starts_with("https://")) {
        url.tls = true;
        text.remove_prefix(8);
    } else if (text.starts_with("http://")) {
        text.remove_prefix(7);
    } else {
        wrong("it does not begin with http:// or https://");
    }
    url.port = url.tls ? management_tls_port : management_port;
    if (text.find_first_of("?#") != text.npos) wrong("it has a query or a fragment");
    const auto slash = text.find('/');
    auto authority = text.substr(0, slash);
    if (slash != text.npos) {
        url.prefix = text.substr(slash);
        while (url.prefix.ends_with('/'))
            url.prefix.pop_back();
        for (const char c : url.prefix)
            if (static_cast<unsigned char>(c) <= ' ' || c == 0x7f) wrong("its path has a blank");
    }
    if (const auto at = authority.rfind('@'); at != authority.npos) {
        const auto login = authority.substr(0, at);
        const auto colon = login.find(':');
        url.user = percent_decode(login.substr(0, colon));
        if (colon != login.npos) url.password = percent_decode(login.substr(colon + 1));
        authority.remove_prefix(at + 1);
    }
    parse_authority(authority, url);
    return url;
}

std::string percent_encode(std::string_view text) {
    constexpr std::string_view unreserved =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    std::string out;
    for (const char c : text) {
        if (unreserved.find(c) != unreserved.npos)
            out += c;
        else
            out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
    return out;
}

}  // namespace airy::inspect
