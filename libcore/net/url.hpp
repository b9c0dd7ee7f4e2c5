// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace airy::net {

// Takes a URL (RFC 3986 section 3) apart. All parts are views of the URL's text and still
// percent-encoded. Each scheme's own parser decides which parts it allows, requires or completes.
struct UrlParts {
    std::string_view scheme;
    std::optional<std::string_view> user;      // absent: the URL has no `@`
    std::optional<std::string_view> password;  // absent: the login has no `:`
    std::string_view hosts;                    // with ports, e.g. `a:5672,b,[::1]`
    std::string_view path;                     // begins with `/`, or is empty
    std::optional<std::string_view> query;     // after the first `?`
    // A `:` stands before an `@` that is not among the hosts: a bare `/` or `?` in the password
    // would make a piece of the password the host. A parser must refuse such a URL before it uses a
    // part.
    bool login_unclear = false;
};

// nullopt: there is no scheme with `://` after it.
std::optional<UrlParts> split_url(std::string_view url);

// `a:5672,b` by its commas; one element, maybe empty, when there is no comma.
std::vector<std::string_view> split_hosts(std::string_view hosts);

struct HostPort {
    std::string_view host;  // an IPv6 address without its brackets
    bool bracketed = false;
    std::optional<std::string_view> port;  // after the last `:`, maybe empty; absent: no `:`
};

enum class HostFault { open_bracket, text_behind_bracket };

// Puts the parts of `host`, `host:port` or `[IPv6]:port` into `out`. nullopt: they are split.
std::optional<HostFault> split_host_port(std::string_view text, HostPort& out);

// A port from 0 to 65535, written in digits only; nullopt for anything else.
std::optional<std::uint16_t> parse_port(std::string_view text) noexcept;

struct QueryItem {
    std::string_view name;
    std::string_view value;  // empty when there is no `=`
};

// `a=1&b`; empty items are left out.
std::vector<QueryItem> split_query(std::string_view query);

// A place in a text, in bytes.
struct TextPlace {
    std::size_t begin = 0;
    std::size_t end = 0;
};

// The password with the `:` before it: from the first `:` after `//` up to the last `@`. This
// covers a password that is not percent-encoded. nullopt: the URL has no password.
std::optional<TextPlace> find_password(std::string_view url) noexcept;

// The places that may hold a secret, in order: all between the first `:` after `//` and the last
// `@`, and in an HTTP URL the user as well, which may be a token; where there is no `@`, a port
// that is no number, since it may be a password whose host is missing; and in the query each value
// whose name is not one of `open_names`, and each text without a `=`.
std::vector<TextPlace> find_secrets(std::string_view url,
                                    std::span<const std::string_view> open_names = {});

// The URL, safe to show: each of these places replaced by `***`. Never throws but bad_alloc. The
// rest may hold control characters.
std::string masked_url(std::string_view url, std::span<const std::string_view> open_names = {});

// Whether an error may show `part`, a view of `url`: it overlaps with no secret.
bool may_show(std::string_view url, std::string_view part);

// Whether the text has a control character (C0, DEL, or C1 in UTF-8), which no URL has (RFC 3986
// section 2).
bool has_control(std::string_view text) noexcept;

// The words of a text that have a `://`, in order. Such a word begins with its scheme, and ends
// before the next blank; one in quotation marks ends before the mark that closes it. A query ends
// before a blank or a `"` in any case.
std::vector<TextPlace> find_url_words(std::string_view text);

}  // namespace airy::net
