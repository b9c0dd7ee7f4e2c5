// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/app.hpp"
#include "mq/endpoint.hpp"
#include "util/log.hpp"

// Groups of options that several commands share. Each is a plain struct with the parsed values and
// an `add` that declares them. settings.hpp decides between several sources of a value.
namespace airy::tools {

// The options of every command; main adds and applies them.
struct CommonOptions {
    bool quiet = false;
    bool verbose = false;
    bool no_color = false;
    std::string log_format = "text";

    void add(cli::App& app);

    // Log lines of the chosen level and above go to stderr from now on, in the chosen format.
    void start_log(util::LogLevel level) const;
};

// The only instance, filled before a command runs.
CommonOptions& common_options() noexcept;

// The broker's address.
struct BrokerOptions {
    std::string url;  // from the command line, like the others; empty: not given there
    std::string password_file;
    mq::TlsOptions tls;
    std::chrono::nanoseconds heartbeat = std::chrono::seconds(30);
    std::chrono::nanoseconds connect_timeout = std::chrono::seconds(10);

    void add(cli::App& app);

    // Whether the command line or the environment names the broker.
    bool named() const;

    // The endpoint with the connection name `airy/<command>@<host>`. Throws Error{usage}.
    mq::Endpoint endpoint(std::string_view command) const;

  private:
    void repeat_in_hints() const;
};

// `--exchange`, and whether the user named it or it is the default.
struct ExchangeOption {
    std::string name;
    bool named = false;
    bool on_command_line = false;

    void add(cli::App& app);
    void resolve();  // after parsing: fills all
};

// `--output text|json` (tail adds its own spellings).
struct OutputOption {
    std::string format = "text";

    void add(cli::App& app);
    bool json() const noexcept { return format == "json"; }
};

// The conditions that stop a reader. `for_flag` also names a former spelling of `--for`.
struct StopOptions {
    std::optional<std::uint64_t> count;
    std::optional<std::uint64_t> expect;
    std::optional<std::chrono::nanoseconds> idle;
    std::optional<std::chrono::nanoseconds> total;
    bool until_empty = false;

    void add(cli::App& app, const std::string& for_flag = "--for");

    // Throws Error{usage} when they contradict each other.
    void check() const;
};

// Throws Error{usage} for the first given one of these options: `why` tells why it has no effect,
// such as "beside --print"; the hint tells its purpose.
void refuse_without_effect(const std::vector<std::string>& given, std::string_view why,
                           const std::string& hint);

}  // namespace airy::tools
