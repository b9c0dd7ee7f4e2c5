// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "cli/app.hpp"

#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <utility>

#include "cli/names.hpp"
#include "util/duration.hpp"
#include "util/error.hpp"

namespace airy::tools::cli {
namespace {

// A hundred years: adding it to any time does not overflow.
constexpr std::chrono::hours longest_duration{24 * 36'500};

// The group of --help and the other options of every command.

// `--for` of "-f,--for,--timeout".
std::string name_in(const std::string& flags) {
    const auto start = flags.find("--");
    return flags.substr(start, flags.find(',', start) - start);
}

// A CLI11 check that leaves the parsed duration in `target`.
template <typename Target>
CLI::Option* add_duration(CLI::App& app, const std::string& flags, Target& target,
                          const std::string& description) {
    return app
        .add_option_function<std::string>(
            flags,
            [flags, &target](const std::string& text) {
                const auto refuse = [&flags](const std::string& why) {
                    throw CLI::ValidationError(name_in(flags), why);
                };
                try {
                    const auto duration = util::parse_duration(text);
                    if (duration > longest_duration) refuse(text + " is longer than 36500d");
                    target = duration;
                } catch (const Error& error) {
                    refuse(error.what());
                }
            },
            description)
        ->type_name("DURATION");
}

// Checks the text before CLI11 reads it: CLI11 would take -1 for a very large number.
CLI::Option* whole_number(CLI::Option* option) {
    option->check(
        [](const std::string& text) -> std::string {
            if (text.empty() || text.find_first_not_of("0123456789") != text.npos)
                return "'" + text + "' is no whole number";
            if (text.size() > 19) return text + " is too large";
            return {};
        },
        "");
    return option;
}

}  // namespace

Option& Option::type_name(const std::string& name) {
    option_->type_name(name);
    return *this;
}

Option& Option::group(const std::string& heading) {
    option_->group(heading);
    return *this;
}

Option& Option::required() {
    option_->required();
    return *this;
}

Option& Option::one_of(const std::vector<std::string>& words) {
    option_->check(CLI::IsMember(words));
    return *this;
}

Option& Option::between(std::int64_t least, std::int64_t most) {
    option_->check(
        [least, most](const std::string& text) -> std::string {
            std::int64_t value = 0;
            const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
            const bool whole = parsed.ec == std::errc() && parsed.ptr == text.data() + text.size();
            if (whole && value >= least && value <= most) return {};
            return fmt::format("'{}' is no number from {} to {}", text, least, most);
        },
        fmt::format("{} to {}", least, most));
    return *this;
}

Option& Option::positive() {
    option_->check(
        [](const std::string& text) -> std::string {
            return text.find_first_not_of('0') == text.npos ? "it must be at least 1" : "";
        },
        "");
    return *this;
}

Option& Option::whole_seconds() {
    return whole(std::chrono::seconds(1), "seconds");
}

Option& Option::whole_milliseconds() {
    return whole(std::chrono::milliseconds(1), "milliseconds");
}

Option& Option::whole(std::chrono::nanoseconds unit, const char* units) {
    option_->check(
        [unit, units](const std::string& text) -> std::string {
            try {
                if (util::parse_duration(text) % unit == std::chrono::nanoseconds(0)) return {};
            } catch (const Error&) {
                return {};  // the reader of the value tells that
            }
            return fmt::format("'{}' is no number of whole {}", text, units);
        },
        "");
    return *this;
}

Option& Option::one_each() {
    option_->allow_extra_args(false);
    return *this;
}

Option& Option::only_one() {
    option_->expected(1);
    return *this;
}

Option& Option::show_default() {
    option_->capture_default_str();
    return *this;
}

Option& Option::note(bool& given) {
    option_->each([&given](const std::string&) { given = true; });
    return *this;
}

Option& Option::note(std::vector<std::string>& given) {
    option_->each([&given, name = "--" + option_->get_lnames().front()](const std::string&) {
        given.push_back(name);
    });
    return *this;
}

// An empty value comes from an unset variable of a script; it does not ask for the default.
Option App::option(const std::string& flags, std::string& target, const std::string& description) {
    auto* option = app_->add_option(flags, target, description);
    if (flags.starts_with('-'))
        option->check(
            [](const std::string& text) -> std::string {
                return text.empty() ? "its value is empty" : "";
            },
            "");
    return Option(option);
}

Option App::option(const std::string& flags, std::vector<std::string>& target,
                   const std::string& description) {
    return Option(app_->add_option(flags, target, description));
}

Option App::option(const std::string& flags, std::uint64_t& target,
                   const std::string& description) {
    return Option(whole_number(app_->add_option(flags, target, description)));
}

Option App::option(const std::string& flags, std::optional<std::uint64_t>& target,
                   const std::string& description) {
    return Option(whole_number(app_->add_option(flags, target, description)));
}

Option App::option(const std::string& flags, std::optional<int>& target,
                   const std::string& description) {
    return Option(whole_number(app_->add_option(flags, target, description)));
}

Option App::flag(const std::string& flags, bool& target, const std::string& description) {
    return Option(app_->add_flag(flags, target, description));
}

Option App::duration(const std::string& flags, std::optional<std::chrono::nanoseconds>& target,
                     const std::string& description) {
    return Option(add_duration(*app_, flags, target, description));
}

Option App::duration(const std::string& flags, std::chrono::nanoseconds& target,
                     const std::string& description) {
    return Option(add_duration(*app_, flags, target, description));
}

App App::subcommand(const std::string& name, const std::string& summary,
                    std::function<void()> chosen) {
    auto* sub = app_->add_subcommand(name, summary);
    sub->fallthrough();
    sub->get_help_ptr()->group(common_group);
    sub->callback(std::move(chosen));
    return App(*sub);
}

void App::require_subcommand() {
    app_->require_subcommand(1);
}

void App::footer(const std::string& text) {
    app_->footer(text);
}

void App::group_help(const std::string& heading) {
    app_->get_option("--help")->group(heading);
}

}  // namespace airy::tools::cli
