// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "settings.hpp"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <utility>

#include "env_file.hpp"
#include "environment.hpp"

namespace airy::tools {
namespace {

constexpr SettingRow setting_table[] = {
    {Setting::url,
     "url",
     "-u,--url",
     {"AIRY_URL", "AMQP_URL"},
     "",
     "URL",
     "(AIRY_URL, AMQP_URL, or MQ_HOST MQ_PORT MQ_USER MQ_PASSWORD MQ_VHOST)"},
    // Without a URL, these settings form one.
    {Setting::host, "host", "", {"MQ_HOST"}, "localhost", "", ""},
    {Setting::port, "port", "", {"MQ_PORT"}, "5672", "", ""},
    {Setting::user, "user", "", {"MQ_USER"}, "guest", "", ""},
    {Setting::password, "password", "", {"MQ_PASSWORD"}, "guest", "", ""},
    {Setting::vhost, "vhost", "", {"MQ_VHOST"}, "/", "", ""},
    {Setting::password_file,
     "password_file",
     "--password-file",
     {"MQ_PASSWORD_FILE"},
     "",
     "FILE",
     "take the password from this file's first line (MQ_PASSWORD_FILE)"},
    {Setting::authorities,
     "cacert",
     "--cacert",
     {"AIRY_CACERT"},
     "",
     "FILE",
     "trust these authorities, not the system's (AIRY_CACERT)"},
    {Setting::certificate,
     "cert",
     "--cert",
     {"AIRY_CERT"},
     "",
     "FILE",
     "client certificate (AIRY_CERT)"},
    {Setting::certificate_key,
     "key",
     "--key",
     {"AIRY_KEY"},
     "",
     "FILE",
     "key of the client certificate (AIRY_KEY)"},
    {Setting::exchange,
     "exchange",
     "--exchange",
     {"AIRY_EXCHANGE"},
     "airy.events",
     "NAME",
     "topic exchange (AIRY_EXCHANGE; default airy.events)"},
    {Setting::management_url,
     "management_url",
     "--management-url",
     {"AIRY_MANAGEMENT_URL"},
     "",
     "URL",
     "RabbitMQ's management API (AIRY_MANAGEMENT_URL; default the broker's host, port 15672)"},
    {Setting::pool_size,
     "pool_size",
     "--pool-size",
     {"GOROUTINE_POOL_SIZE"},
     "",
     "N",
     "messages handled at once [GOROUTINE_POOL_SIZE, else 4 x cores; --print: 1, which keeps the "
     "order]"},
};

// A setting is the index of its row.
static_assert([] {
    for (std::size_t i = 0; i < std::size(setting_table); ++i)
        if (setting_table[i].setting != static_cast<Setting>(i)) return false;
    return true;
}());

// `--url` of "-u,--url".
std::string long_flag(const SettingRow& row) {
    return std::string(row.flags.substr(row.flags.find("--")));
}

// A URL has no blanks; a password or the name of a file may end with one.
std::string cleaned(Setting setting, std::string_view text) {
    const bool is_url = setting == Setting::url || setting == Setting::management_url;
    const std::string_view around = is_url ? " \t\r\n" : "\r\n";
    if (is_url) text.remove_prefix(std::min(text.find_first_not_of(around), text.size()));
    return std::string(text.substr(0, text.find_last_not_of(around) + 1));
}

std::vector<std::unique_ptr<SettingSource>> process_sources() {
    std::vector<std::unique_ptr<SettingSource>> sources;
    sources.push_back(std::make_unique<EnvironmentSource>());
    sources.push_back(std::make_unique<EnvFileSource>(env_file_option()));
    return sources;
}

}  // namespace

std::span<const SettingRow> setting_rows() noexcept {
    return setting_table;
}

const SettingRow& row_of(Setting setting) noexcept {
    return setting_table[static_cast<std::size_t>(setting)];
}

bool SettingRow::has_flag(std::string_view flag) const noexcept {
    for (auto rest = flags; !rest.empty();) {
        const auto one = rest.substr(0, rest.find(','));
        if (one == flag) return true;
        rest.remove_prefix(std::min(rest.size(), one.size() + 1));
    }
    return false;
}

std::optional<SettingValue> EnvironmentSource::find(const SettingRow& row) const {
    for (const auto name : row.variables) {
        if (name.empty()) break;
        const std::string variable(name);
        if (auto text = environment(variable.c_str()))
            return SettingValue{std::move(*text), variable};
    }
    return std::nullopt;
}

Settings::Settings(std::vector<std::unique_ptr<SettingSource>> sources)
    : sources_(std::move(sources)) {}

std::optional<SettingValue> Settings::given(Setting setting, const std::string& flag) const {
    const auto& row = row_of(setting);
    if (!flag.empty()) return SettingValue{cleaned(setting, flag), long_flag(row)};
    for (std::size_t i = 0; i < sources_.size(); ++i)
        if (auto value = sources_[i]->find(row)) {
            value->text = cleaned(setting, value->text);
            value->distance = i + 1;
            if (!value->text.empty()) return value;
        }
    return std::nullopt;
}

std::string Settings::value(Setting setting, const std::string& flag) const {
    if (auto found = given(setting, flag)) return std::move(found->text);
    return std::string(row_of(setting).fallback);
}

const Settings& settings() {
    static const Settings of_this_process(process_sources());
    return of_this_process;
}

}  // namespace airy::tools
