// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/app.hpp"

// A setting can be given in several places: a flag of the command line, the environment, a built-in
// default (contract: README, "Configuration"). Each setting is one row of the table in
// settings.cpp.
namespace airy::tools {

// Of Setting::pool_size, and of every other way to set the slots of a consumer.
inline constexpr std::size_t most_pool_size = 100'000;

enum class Setting : std::uint8_t {
    url,
    host,
    port,
    user,
    password,
    vhost,
    password_file,
    authorities,
    certificate,
    certificate_key,
    exchange,
    management_url,
    pool_size,
};

struct SettingRow {
    Setting setting;
    std::string_view key;                       // its name wherever settings are stored
    std::string_view flags;                     // as in "-u,--url"; empty: no flag
    std::array<std::string_view, 2> variables;  // of the environment, the first one that is set
    std::string_view fallback;                  // the built-in default; empty: none
    std::string_view type_name;                 // of the flag's value, for the help
    std::string_view help;

    bool has_flag(std::string_view flag) const noexcept;  // "--url" or "-u"
};

std::span<const SettingRow> setting_rows() noexcept;
const SettingRow& row_of(Setting setting) noexcept;

struct SettingValue {
    std::string text;
    std::string name;          // the flag or the variable that gave it, for messages
    std::size_t distance = 0;  // 0: the flag; 1: the nearest source, and so on
    bool decoded = false;      // the text stood there percent-encoded, as a part of a URL
};

// A source of settings behind the command line. Any thread.
class SettingSource {
  public:
    virtual ~SettingSource() = default;
    virtual std::optional<SettingValue> find(const SettingRow& row) const = 0;
};

// A variable that is set and not empty.
class EnvironmentSource final : public SettingSource {
  public:
    std::optional<SettingValue> find(const SettingRow& row) const override;
};

// Decides which value holds; no other place does. Any thread.
class Settings {
  public:
    // The nearest source first.
    explicit Settings(std::vector<std::unique_ptr<SettingSource>> sources);

    // The flag's value unless it is empty, else the value of the first source that has one, without
    // the ends of line behind it: a value from a file or a secret store often has one; a URL
    // without any blanks around it. Ignores the default.
    std::optional<SettingValue> given(Setting setting, const std::string& flag = {}) const;

    // The same, else the default, which may be empty.
    std::string value(Setting setting, const std::string& flag = {}) const;

  private:
    std::vector<std::unique_ptr<SettingSource>> sources_;
};

// The settings of this process: the environment, then the file of `--env-file`.
const Settings& settings();

// Declares the setting's flag on `app`. The target gets the flag's value alone.
template <typename Target>
cli::Option declare_setting(cli::App& app, Setting setting, Target& target) {
    const auto& row = row_of(setting);
    auto option = app.option(std::string(row.flags), target, std::string(row.help));
    option.type_name(std::string(row.type_name));
    return option;
}

}  // namespace airy::tools
