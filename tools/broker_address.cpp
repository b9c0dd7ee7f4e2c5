// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "broker_address.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <string_view>

#include "net/url.hpp"
#include "util/error.hpp"
#include "util/text.hpp"

namespace airy::tools {
namespace {

// A text with an @ is not shown: a password may stand before it.
Error unusable(const SettingValue& given, const std::string& hint) {
    if (given.text.find('@') != given.text.npos)
        return Error(ErrorKind::usage, given.name + " cannot be used", hint);
    return Error(ErrorKind::usage,
                 fmt::format("{} is '{}'", given.name, util::printable(given.text)), hint);
}

bool is_port(std::string_view text) {
    return net::parse_port(text).value_or(0) != 0;
}

std::string bracketed(const std::string& host) {
    return host.find(':') != host.npos && !host.starts_with('[') ? "[" + host + "]" : host;
}

// Host and port of `tcp://HOST:PORT`, or `PORT` alone with an empty host.
BrokerAddress read_port(const SettingValue& given) {
    constexpr std::string_view scheme = "tcp://";
    if (is_port(given.text)) return {{}, given.text};
    net::HostPort split;
    if (given.text.starts_with(scheme) &&
        !net::split_host_port(std::string_view(given.text).substr(scheme.size()), split) &&
        !split.host.empty() && split.host.find_first_of("/@?#") == split.host.npos && split.port &&
        is_port(*split.port))
        return {std::string(split.host), std::string(*split.port)};
    throw unusable(given, "it must be a port from 1 to 65535, or tcp://HOST:PORT");
}

// The text of a URL is not shown: it may hold a password.
void check_host(const SettingValue& given) {
    if (given.text.find_first_of("/@?#") != given.text.npos)
        throw Error(ErrorKind::usage, given.name + " is not the name or address of a host",
                    "a URL is given by AIRY_URL");
    const bool one_colon = std::ranges::count(given.text, ':') == 1;
    const bool port_behind_bracket = given.text.find("]:") != given.text.npos;
    if ((one_colon || port_behind_bracket) && given.text.find(',') == given.text.npos)
        throw unusable(given, "it must be a host alone: the port is given by MQ_PORT");
}

}  // namespace

BrokerAddress broker_address(const Settings& from) {
    BrokerAddress address;
    if (const auto port = from.given(Setting::port)) address = read_port(*port);
    if (const auto host = from.given(Setting::host)) {
        check_host(*host);
        address.host = host->text;
    }
    if (address.host.empty()) address.host = from.value(Setting::host);
    if (address.port.empty()) address.port = from.value(Setting::port);
    address.host = bracketed(address.host);
    return address;
}

}  // namespace airy::tools
