// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "management_option.hpp"

#include "hints.hpp"
#include "net/url.hpp"
#include "settings.hpp"
#include "util/error.hpp"

namespace airy::tools {
namespace {

// With the word PASSWORD in the place of one: no file can give it.
std::string without_secret(const std::string& given) {
    auto url = settings().value(Setting::management_url, given);
    const auto place = net::find_password(url);
    return place ? url.replace(place->begin + 1, place->end - place->begin - 1, "PASSWORD") : url;
}

}  // namespace

void ManagementOption::add(cli::App& app) {
    declare_setting(app, Setting::management_url, url).group("Broker");
    app.duration("--management-timeout", timeout,
                 "for each answer of RabbitMQ's management API; default 10s")
        .group("Broker");
}

void ManagementOption::apply(mq::Endpoint& endpoint) const {
    if (timeout <= std::chrono::nanoseconds(0))
        throw Error(ErrorKind::usage, "--management-timeout must be longer than 0s");
    endpoint.management_deadline = std::chrono::ceil<std::chrono::milliseconds>(timeout);
    if (!url.empty()) repeated_in_hints().management = {"--management-url", without_secret(url)};
    endpoint.management_url = settings().value(Setting::management_url, url);
}

}  // namespace airy::tools
