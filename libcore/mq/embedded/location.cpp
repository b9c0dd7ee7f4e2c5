// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/embedded/location.hpp"

#include <fmt/core.h>
#include <strings.h>

#include <algorithm>
#include <charconv>

#include "net/url.hpp"
#include "util/duration.hpp"
#include "util/error.hpp"
#include "util/size.hpp"
#include "util/text.hpp"

namespace airy::mq::embedded {
namespace {

constexpr std::string_view scheme = "sqlite:";

// Shows no option, since the value of a foreign one may be a password.
Error bad_url(std::string_view url, std::string_view why) {
    const auto shown = masked_location(url);
    return Error(ErrorKind::usage,
                 fmt::format("cannot use the URL '{}': {}",
                             util::printable(shown.substr(0, shown.find('?'))), why),
                 "an embedded broker is sqlite:FILE, e.g. sqlite:airy.db, followed by "
                 "?sync=full|normal, retain=24h|500MB|0 and create=yes|no, joined by &");
}

std::string decoded(std::string_view text, std::string_view url) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += text[i];
            continue;
        }
        unsigned value = 0;
        const char* const digits = text.data() + i + 1;
        const char* const end = text.data() + std::min(text.size(), i + 3);
        if (end - digits != 2 || std::from_chars(digits, end, value, 16).ptr != end)
            throw bad_url(url, "the path holds a bare % (write it as %25)");
        out += static_cast<char>(value);
        i += 2;
    }
    if (out.find('\0') != std::string::npos) throw bad_url(url, "the path holds a zero byte");
    return out;
}

Retention parse_retention(std::string_view text, std::string_view url) {
    try {
        if (text == "0") return {};
        if (text.ends_with('B')) return {std::nullopt, util::parse_size(text)};
        return {std::chrono::ceil<std::chrono::milliseconds>(util::parse_duration(text)),
                std::nullopt};
    } catch (const Error&) {
        throw bad_url(url, fmt::format("retain='{}' is neither a duration such as 24h, nor a size "
                                       "such as 500MB, nor 0",
                                       util::printable(text)));
    }
}

}  // namespace

std::string masked_location(std::string_view url) {
    const auto parts = net::split_url(url);
    const bool has_host = parts && (parts->user || !parts->hosts.empty());
    return has_host ? net::masked_url(url) : std::string(url);
}

Location parse_location(std::string_view url) {
    if (::strncasecmp(std::string(url).c_str(), scheme.data(), scheme.size()) != 0)
        throw bad_url(url, "its scheme is not sqlite:");
    if (net::has_control(url))
        throw bad_url(url, "it has a control character (written %0A, for one)");
    std::string_view rest = url.substr(scheme.size());
    std::string_view query;
    if (const auto mark = rest.find('?'); mark != std::string_view::npos) {
        query = rest.substr(mark + 1);
        rest = rest.substr(0, mark);
    }
    // sqlite://airy.db would be the file /airy.db, which is hardly the caller's meaning.
    if (rest.starts_with("//") && !rest.starts_with("///"))
        throw bad_url(url, "a path begins with one slash or three, or with none");

    Location out;
    out.path = decoded(rest, url);
    if (out.path.empty()) throw bad_url(url, "it names no file");
    if (out.path.ends_with('/')) throw bad_url(url, "it names a directory, not a file");
    while (!query.empty()) {
        const auto item = query.substr(0, query.find('&'));
        query.remove_prefix(std::min(query.size(), item.size() + 1));
        const auto equals = item.find('=');
        const auto name = item.substr(0, equals);
        const auto value = equals == std::string_view::npos ? "" : item.substr(equals + 1);
        if (name == "sync" && (value == "full" || value == "normal"))
            out.sync = value == "full" ? Sync::full : Sync::normal;
        else if (name == "sync")
            throw bad_url(url, "sync is full or normal");
        else if (name == "create" && (value == "yes" || value == "no"))
            out.create = value == "yes";
        else if (name == "create")
            throw bad_url(url, "create is yes or no");
        else if (name == "retain")
            out.retain = parse_retention(value, url);
        else if (equals == std::string_view::npos)
            throw bad_url(url, "one of its options is not of the form NAME=VALUE");
        else
            throw bad_url(url, fmt::format("it has no option '{}'", util::printable(name)));
    }
    return out;
}

}  // namespace airy::mq::embedded
