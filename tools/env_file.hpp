// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "settings.hpp"

namespace airy::tools {

using Variables = std::map<std::string, std::string>;

// Reads the lines `NAME=value` of an env file, as Airy's server does (godotenv): `#` begins a
// comment, `export` may stand before the name, '…' is taken as it is, "…" has escapes, and outside
// '…' ${NAME} and $NAME stand for an earlier variable. Throws Error{usage} that names the line of
// `file`, never its text.
Variables parse_env_file(std::string_view text, const std::string& file);

// The settings in an env file of Airy's and in the file beside it whose name has `.local` added,
// which comes first. One of the two may be missing. User, password and virtual host are
// percent-decoded, since Airy puts them into a URL as they stand. Reads the files when it is asked
// for the first setting. Any thread.
class EnvFileSource final : public SettingSource {
  public:
    // Keeps a reference to the path; empty: no file.
    explicit EnvFileSource(const std::string& path) : path_(path) {}

    // Throws Error{usage} when a file cannot be read.
    std::optional<SettingValue> find(const SettingRow& row) const override;

  private:
    struct Loaded {
        std::string file;
        Variables variables;
    };
    void load() const;

    const std::string& path_;
    mutable std::once_flag once_;
    mutable std::vector<Loaded> files_;  // the nearer one first; written once
};

// The value of `--env-file` in this process; the parser writes it.
std::string& env_file_option() noexcept;

}  // namespace airy::tools
