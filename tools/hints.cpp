// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "hints.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

namespace airy::tools {
namespace {

struct Row {
    Reason reason;
    std::string_view text;  // `{}` stands for the error's subject
};

constexpr Row rows[] = {
    {Reason::exclusively_consumed, "airy queue ls shows the consumers"},
    {Reason::authorities_unreadable, "--cacert names a PEM file of the authorities to trust"},
    {Reason::certificate_unusable, "--cert and --key name PEM files that belong together"},
    {Reason::part_of_pair_missing, "--cert names the certificate, --key its key"},
    {Reason::nobody_listens, "airy wait --timeout 60s waits until it is"},
    {Reason::connection_lost, "airy wait --timeout 60s waits until it is"},
    {Reason::connection_ended, "airy wait --timeout 60s waits until the broker is there"},
    {Reason::limit_reached, "airy wait --timeout 60s waits until there is room"},
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
     "airy queue declare QUEUE --bind PATTERN --exchange {} makes it; so does a consumer"},
    {Reason::differs, "consume --no-declare takes a queue as it is"},
    {Reason::unknown_event_type, "airy event ls lists the types; for one of your own add --custom"},
    {Reason::field_missing, "airy event show {} lists its fields"},
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
    const auto* const row = std::ranges::find(rows, error.reason(), &Row::reason);
    if (row == std::end(rows)) return {};
    return fmt::format(fmt::runtime(row->text), error.subject());
}

}  // namespace

std::string hint_for(const Error& error) {
    const auto text = text_for(error);
    if (error.hint().empty() || text.empty()) return error.hint() + text;
    return error.hint() + (error.hint().ends_with('?') ? " " : "; ") + text;
}

}  // namespace airy::tools
