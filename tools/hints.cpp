// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "hints.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <string_view>

#include "util/text.hpp"

namespace airy::tools {
namespace {

struct Row {
    Reason reason;
    std::string_view text;  // `{0}` stands for the error's subject
};

constexpr Row rows[] = {
    {Reason::exclusively_consumed, "airy queue ls shows the consumers"},
    {Reason::authorities_unreadable, "--cacert names a PEM file of the authorities to trust"},
    {Reason::certificate_unusable, "--cert and --key name PEM files that belong together"},
    {Reason::part_of_pair_missing, "--cert names the certificate, --key its key"},
    {Reason::nobody_listens, "airy wait --for 60s waits until it is"},
    {Reason::connection_lost, "airy wait --for 60s waits until it is"},
    {Reason::connection_ended, "airy wait --for 60s waits until the broker is there"},
    {Reason::limit_reached, "airy wait --for 60s waits until there is room"},
    {Reason::certificate_untrusted, "--cacert names the authority that signed it"},
    {Reason::file_of_another_program, "airy makes the file"},
    {Reason::queue_damaged,
     "airy queue delete removes it with its messages; to keep them, without arguments: sqlite3 "
     "FILE \"UPDATE queue SET arguments = x'00' WHERE name = 'QUEUE'\""},
    {Reason::management_unreachable, "--management-url says where it is"},
    {Reason::management_late, "--management-timeout waits longer for it"},
    {Reason::management_unusable,
     "--management-url says where RabbitMQ's management API is: http://HOST:15672, or "
     "http://HOST:15672/PREFIX where it has a path prefix"},
    {Reason::queue_not_found, "airy queue ls shows the queues there are"},
    {Reason::queue_deleted, "started anew, consume declares its queue again, without --no-declare"},
    {Reason::exchange_not_found,
     "airy queue declare QUEUE --bind PATTERN --exchange {0} makes it; so does a consumer"},
    {Reason::differs,
     "airy queue show {0} tells its own; airy queue bind {0} PATTERN binds it as it is; consume "
     "takes "
     "it with --as-is"},
    {Reason::exchange_differs, "--exchange NAME takes another exchange"},
    {Reason::look_unsafe,
     "--yes looks all the same; may this user publish to the default exchange?"},
    {Reason::in_use, "airy queue show {0} tells its messages and its consumers"},
    {Reason::argument_taken, "--plain declares a bare queue, with your arguments alone"},
    {Reason::unknown_event_type, "airy event ls lists the types; for one of your own add --custom"},
    {Reason::field_missing, "airy event show {0} lists its fields"},
    {Reason::topic_missing, "name the topic: airy publish TOPIC, or put event_type into the event"},
    {Reason::no_samples, "airy stats --record FILE appends some each second"},
};

// The options that stand for a parameter of RabbitMQ's URLs.
struct ParameterRow {
    std::string_view parameter;
    std::string_view option;
};
constexpr ParameterRow parameters[] = {
    {"connection_timeout", "--connect-timeout"},
    {"cacertfile", "--cacert"},
    {"certfile", "--cert"},
    {"keyfile", "--key"},
    {"verify", "--insecure"},
};

std::string text_for(const Error& error) {
    if (error.reason() == Reason::url_parameter_elsewhere) {
        const auto* const row =
            std::ranges::find(parameters, error.subject(), &ParameterRow::parameter);
        return row == std::end(parameters)
                   ? std::string()
                   : fmt::format("{} is set by {}", row->parameter, row->option);
    }
    if (error.reason() == Reason::differs && is_stream(error))
        return fmt::format(
            "a stream is no work queue, since it cannot put a message back; airy queue "
            "show {} tells its own",
            shell_word(error.subject()));
    const auto* const row = std::ranges::find(rows, error.reason(), &Row::reason);
    if (row == std::end(rows)) return {};
    if (error.subject().empty() && row->text.find("{0}") != row->text.npos) return {};
    return fmt::format(fmt::runtime(row->text), shell_word(error.subject()));
}

// The commands that take the options of `Repeated`.
constexpr std::string_view broker_commands[] = {"publish", "tail", "consume", "stats", "top",
                                                "queue",   "dlq",  "check",   "ping",  "wait"};
constexpr std::string_view management_commands[] = {"stats", "top", "queue", "dlq", "check"};
// Those of a subcommand stand behind its name.
constexpr std::string_view exchange_commands[] = {"publish",      "tail",         "consume",
                                                  "queue bind",   "queue unbind", "queue declare",
                                                  "check broker", "check flow"};

bool is_one_of(std::span<const std::string_view> commands, std::string_view word) {
    return std::ranges::find(commands, word) != commands.end();
}

std::string shell_words(const std::vector<std::string>& words) {
    std::string text;
    for (const auto& word : words)
        text += shell_word(word) + ' ';
    return text;
}

// The command of exchange_commands that `clause` begins with; empty: none, or it needs no exchange,
// or it names one.
std::string_view command_of_exchange(std::string_view clause) {
    const auto* const command =
        std::ranges::find_if(exchange_commands, [clause](std::string_view name) {
            return clause.starts_with(name) &&
                   (clause.size() == name.size() || clause[name.size()] == ' ');
        });
    if (command == std::end(exchange_commands) || clause.find("--exchange") != clause.npos)
        return {};
    const bool only_with_bind = *command == "queue declare";
    return only_with_bind && clause.find("--bind") == clause.npos ? std::string_view{} : *command;
}

// Puts the options of this command line into the commands of a hint:
// `airy --url URL queue declare --exchange NAME QUEUE`.
std::string with_options(const std::string& hint) {
    constexpr std::string_view program = "airy ";
    const auto& repeated = repeated_in_hints();
    bool asks_for_password = false;
    std::string out;
    for (std::size_t i = 0; i < hint.size(); ++i) {
        const auto rest = std::string_view(hint).substr(i);
        const bool begins = i == 0 || hint[i - 1] == ' ';
        if (!begins || !rest.starts_with(program)) {
            out += hint[i];
            continue;
        }
        const auto clause = rest.substr(program.size(), rest.find_first_of(";?") - program.size());
        const auto word = clause.substr(0, clause.find_first_of(" ,"));
        out += program;
        i += program.size() - 1;
        if (is_one_of(broker_commands, word)) {
            out += shell_words(repeated.broker);
            asks_for_password = repeated.asks_for_password;
        }
        if (is_one_of(management_commands, word)) out += shell_words(repeated.management);
        const auto command = command_of_exchange(clause);
        if (command.empty() || repeated.exchange.empty()) continue;
        const auto options = shell_words(repeated.exchange);
        out += fmt::format("{} {}", command, options.substr(0, options.size() - 1));
        i += command.size();
    }
    if (asks_for_password) out += "; FILE has the password in its first line";
    return out;
}

}  // namespace

std::string hint_for(const Error& error) {
    const auto text = text_for(error);
    if (error.hint().empty() || text.empty()) return with_options(error.hint() + text);
    return with_options(error.hint() + (error.hint().ends_with('?') ? " " : "; ") + text);
}

bool is_stream(const Error& differs) noexcept {
    return std::string_view(differs.what()).find("type is stream") != std::string_view::npos;
}

std::string shell_word(std::string_view text) {
    constexpr std::string_view plain =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:@%+=,-";
    const auto shown = util::printable(text);
    if (!shown.empty() && shown.find_first_not_of(plain) == shown.npos) return shown;
    std::string quoted = "'";
    for (const char c : shown)
        quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return quoted + "'";
}

Repeated& repeated_in_hints() noexcept {
    static Repeated repeated;
    return repeated;
}

}  // namespace airy::tools
