// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "options.hpp"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "broker_address.hpp"
#include "env_file.hpp"
#include "hints.hpp"
#include "mq/endpoint.hpp"
#include "mq/schemes.hpp"
#include "net/percent.hpp"
#include "net/url.hpp"
#include "output/log_sink.hpp"
#include "output/stream.hpp"
#include "settings.hpp"
#include "util/error.hpp"

namespace airy::tools {
namespace {

std::string first_line_of(const std::string& path) {
    std::ifstream file(path);
    std::string line;
    if (!file || !std::getline(file, line))
        throw Error(ErrorKind::usage, fmt::format("cannot read a password from '{}'", path),
                    "--password-file names a file whose first line is the password");
    if (line.ends_with('\r')) line.pop_back();
    return line;
}

// `amqp://user@host`: the password comes from another place.
bool user_without_password(std::string_view url) {
    const auto parts = net::split_url(url);
    return parts && parts->user && !parts->password;
}

// The URL of the command line without its secret. guest:guest, the login of an URL without one,
// needs none.
std::string repeatable_url(const std::string& url, bool& lacks_password) {
    const auto parts = net::split_url(url);
    if (!parts || !parts->password || parts->password->empty()) return url;
    if (*parts->user == "guest" && *parts->password == "guest" && !parts->login_unclear)
        return std::string(url).erase(parts->scheme.size() + 3,
                                      std::string_view("guest:guest@").size());
    lacks_password = true;
    return mq::scheme_of(url).without_password(url);
}

// AMQP stores a heartbeat in 16 bits of seconds.
void check_times(std::chrono::nanoseconds heartbeat, std::chrono::nanoseconds connect_timeout) {
    if (heartbeat > std::chrono::seconds(65535))
        throw Error(ErrorKind::usage, "--heartbeat takes at most 65535s");
    if (connect_timeout <= std::chrono::nanoseconds(0))
        throw Error(ErrorKind::usage, "--connect-timeout must be longer than 0s");
}

constexpr Setting parts_of_url[] = {Setting::host, Setting::port, Setting::user, Setting::password,
                                    Setting::vhost};

bool any_part_given() {
    return std::ranges::any_of(parts_of_url,
                               [](Setting part) { return settings().given(part).has_value(); });
}

// The URL, unless a nearer source names the broker by the parts of one. A password alone does not:
// it may belong to a URL without one.
std::optional<SettingValue> nearest_url(const std::string& flag) {
    auto url = settings().given(Setting::url, flag);
    const auto is_nearer = [&url](Setting part) {
        const auto given = settings().given(part);
        return part != Setting::password && given && given->distance < url->distance;
    };
    if (url && std::ranges::any_of(parts_of_url, is_nearer)) return std::nullopt;
    return url;
}

std::string url_from_parts() {
    const auto& from = settings();
    const auto address = broker_address(from);
    const auto vhost = from.value(Setting::vhost);
    return fmt::format("amqp://{}:{}@{}:{}/{}", net::percent_encode(from.value(Setting::user)),
                       net::percent_encode(from.value(Setting::password)), address.host,
                       address.port, vhost != "/" ? net::percent_encode(vhost) : std::string());
}

std::string host_name() {
    char name[256] = "localhost";
    ::gethostname(name, sizeof name - 1);
    return name;
}

}  // namespace

CommonOptions& common_options() noexcept {
    static CommonOptions options;
    return options;
}

void CommonOptions::add(cli::App& app) {
    const std::string group = "On every command";
    app.flag("-q,--quiet", quiet, "print only the requested output").group(group);
    app.flag("-v,--verbose", verbose, "report each step on stderr").group(group);
    app.flag("--no-color", no_color, "no colours, as with NO_COLOR set").group(group);
    app.option("--log-format", log_format, "log lines on stderr as text or json")
        .one_of({"text", "json"})
        .type_name("FORMAT")
        .group(group);
    app.group_help(group);
}

void CommonOptions::start_log(util::LogLevel level) const {
    util::log_init(level, log_format == "json" ? util::LogFormat::json : util::LogFormat::text,
                   output::colour_stderr(), output::log_to_stderr, mq::masked_text);
}

void BrokerOptions::add(cli::App& app) {
    const std::string group = "Broker";
    const auto& row = row_of(Setting::url);
    app.option(std::string(row.flags), url, fmt::format("{} {}", mq::url_forms(), row.help))
        .type_name(std::string(row.type_name))
        .group(group);
    declare_setting(app, Setting::password_file, password_file).group(group);
    app.option("--env-file", env_file_option(),
               "take settings that the environment lacks from this file, such as Airy's .env, and "
               "before it from FILE.local")
        .type_name("FILE")
        .group(group);
    declare_setting(app, Setting::authorities, tls.ca_file).group(group);
    declare_setting(app, Setting::certificate, tls.cert_file).group(group);
    declare_setting(app, Setting::certificate_key, tls.key_file).group(group);
    app.flag("--insecure", tls.insecure, "do not verify the broker's certificate").group(group);
    app.duration("--heartbeat", heartbeat, "AMQP heartbeat, 0s for none; default 30s")
        .whole_seconds()
        .group(group);
    app.duration("--connect-timeout", connect_timeout, "for connecting and logging in; default 10s")
        .group(group);
}

bool BrokerOptions::named() const {
    return settings().given(Setting::url, url) || any_part_given();
}

void BrokerOptions::repeat_in_hints() const {
    auto& repeated = repeated_in_hints();
    bool lacks_password = false;
    const auto repeat = [&repeated](std::string_view option, const std::string& value) {
        if (value.empty()) return;
        repeated.broker.emplace_back(option);
        repeated.broker.push_back(value);
    };
    repeated.broker.clear();
    if (!url.empty())
        repeat("--url", repeatable_url(settings().value(Setting::url, url), lacks_password));
    repeated.asks_for_password = lacks_password && password_file.empty();
    repeat("--password-file", repeated.asks_for_password ? "FILE" : password_file);
    repeat("--env-file", env_file_option());
    repeat("--cacert", tls.ca_file);
    repeat("--cert", tls.cert_file);
    repeat("--key", tls.key_file);
    if (tls.insecure) repeated.broker.emplace_back("--insecure");
}

mq::Endpoint BrokerOptions::endpoint(std::string_view command) const {
    check_times(heartbeat, connect_timeout);
    repeat_in_hints();
    const auto& from = settings();
    mq::Endpoint endpoint;
    bool from_parts = false;
    if (const auto given = nearest_url(url)) {
        endpoint.url = given->text;
    } else if (any_part_given()) {
        endpoint.url = url_from_parts();
        from_parts = true;
    }

    // A password inside the URL comes before these. A URL with a user and no password takes the
    // password from them.
    const bool lacks_password = from_parts || user_without_password(endpoint.url);
    const auto file =
        lacks_password ? from.value(Setting::password_file, password_file) : password_file;
    if (!file.empty()) {
        endpoint.url = mq::scheme_of(endpoint.url).with_password(endpoint.url, first_line_of(file));
        endpoint.password_apart = true;
    } else if (const auto word = from.given(Setting::password); word && lacks_password) {
        endpoint.url = mq::scheme_of(endpoint.url).with_password(endpoint.url, word->text);
        endpoint.password_apart = !word->decoded;
    }

    endpoint.tls.ca_file = from.value(Setting::authorities, tls.ca_file);
    endpoint.tls.cert_file = from.value(Setting::certificate, tls.cert_file);
    endpoint.tls.key_file = from.value(Setting::certificate_key, tls.key_file);
    endpoint.tls.insecure = tls.insecure;
    endpoint.heartbeat = std::chrono::duration_cast<std::chrono::seconds>(heartbeat);
    endpoint.connect_timeout = std::chrono::ceil<std::chrono::milliseconds>(connect_timeout);
    endpoint.connection_name = fmt::format("airy/{}@{}", command, host_name());
    return endpoint;
}

void ExchangeOption::add(cli::App& app) {
    declare_setting(app, Setting::exchange, name).group("Broker");
}

void ExchangeOption::resolve() {
    on_command_line = !name.empty();
    if (on_command_line) repeated_in_hints().exchange = {"--exchange", name};
    named = settings().given(Setting::exchange, name).has_value();
    name = settings().value(Setting::exchange, name);
}

void OutputOption::add(cli::App& app) {
    app.option("-o,--output", format, "text, or json: one object a line")
        .one_of({"text", "json"})
        .type_name("FORMAT");
}

void StopOptions::add(cli::App& app, const std::string& for_flag) {
    const std::string group = "When to stop";
    app.option("-n,--count", count, "after this many messages")
        .type_name("N")
        .positive()
        .group(group);
    app.duration("--idle", idle, "when nothing came for this long").group(group);
    app.duration(for_flag, total, "after this long in all").group(group);
    app.flag("--until-empty", until_empty, "when the queue is empty").group(group);
    app.option("--expect", expect, "exit 5 when fewer messages than this came")
        .type_name("N")
        .group(group);
}

void StopOptions::check() const {
    if (count && expect && *expect > *count)
        throw Error(ErrorKind::usage,
                    fmt::format("--expect {} never comes true: --count {} ends it before", *expect,
                                *count));
}

void refuse_without_effect(const std::vector<std::string>& given, std::string_view why,
                           const std::string& hint) {
    if (given.empty()) return;
    throw Error(ErrorKind::usage, fmt::format("{} has no effect {}", given.front(), why), hint);
}

}  // namespace airy::tools
