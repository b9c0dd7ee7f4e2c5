// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "net/http_message.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <iterator>

#include "util/error.hpp"
#include "util/text.hpp"

namespace airy::net {
namespace {

constexpr std::string_view token_marks = "!#$%&'*+-.^_`|~";  // RFC 9110 section 5.6.2

char lower(char c) noexcept {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool same_name(std::string_view a, std::string_view b) noexcept {
    return std::ranges::equal(a, b, {}, lower, lower);
}

bool is_token(std::string_view text) noexcept {
    return !text.empty() && std::ranges::all_of(text, [](char c) {
        const char low = lower(c);
        return (low >= 'a' && low <= 'z') || (c >= '0' && c <= '9') ||
               token_marks.find(c) != token_marks.npos;
    });
}

bool is_visible(std::string_view text) noexcept {
    return std::ranges::all_of(
        text, [](char c) { return static_cast<unsigned char>(c) > ' ' && c != 0x7f; });
}

bool is_header_value(std::string_view text) noexcept {
    return std::ranges::all_of(text, [](char c) {
        return (static_cast<unsigned char>(c) >= ' ' && c != 0x7f) || c == '\t';
    });
}

[[noreturn]] void refuse(std::string_view what, std::string_view text) {
    throw Error(ErrorKind::usage,
                fmt::format("{} '{}' cannot be sent by HTTP", what, util::printable(text)));
}

void append(std::string& out, std::string_view name, std::string_view value) {
    fmt::format_to(std::back_inserter(out), "{}: {}\r\n", name, value);
}

void check(const HttpRequest& request) {
    if (!is_token(request.method)) refuse("the method", request.method);
    if (!request.target.starts_with('/') || !is_visible(request.target))
        refuse("the path", request.target);
    for (const auto& [name, value] : request.headers) {
        for (const char* own : {"Host", "Content-Length", "Transfer-Encoding", "Connection"})
            if (same_name(name, own))
                throw Error(ErrorKind::usage, fmt::format("the header {} is set by airy", own));
        if (!is_token(name)) refuse("the header", name);
        // The value may be a secret.
        if (!is_header_value(value)) refuse("the value of the header", name);
    }
}

bool has(const HttpRequest& request, std::string_view name) {
    return std::ranges::any_of(request.headers,
                               [name](const auto& header) { return same_name(header.name, name); });
}

}  // namespace

const std::string* HttpResponse::header(std::string_view name) const noexcept {
    const auto found = std::ranges::find_if(
        headers, [name](const auto& header) { return same_name(header.name, name); });
    return found == headers.end() ? nullptr : &found->value;
}

std::string http_request_head(const HttpRequest& request, bool keep_alive) {
    check(request);
    const auto& url = request.url;
    std::string head =
        fmt::format("{} {}{} HTTP/1.1\r\n", request.method, url.prefix, request.target);
    const bool ipv6 = url.host.find(':') != url.host.npos;
    append(head, "Host",
           fmt::format("{}{}{}:{}", ipv6 ? "[" : "", url.host, ipv6 ? "]" : "", url.port));
    if (!has(request, "User-Agent")) append(head, "User-Agent", "airy/" AIRY_VERSION);
    for (const auto& [name, value] : request.headers)
        append(head, name, value);
    if (!keep_alive) append(head, "Connection", "close");
    if (!url.user.empty() && !has(request, "Authorization"))
        append(head, "Authorization",
               "Basic " + util::base64_encode(url.user + ":" + url.password));
    if (!request.content().empty() || request.method == "POST" || request.method == "PUT" ||
        request.method == "PATCH")
        append(head, "Content-Length", std::to_string(request.content().size()));
    return head + "\r\n";
}

bool is_idempotent(std::string_view method) noexcept {
    for (const char* known : {"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"})
        if (method == known) return true;
    return false;
}

}  // namespace airy::net
