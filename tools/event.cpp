// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <fmt/format.h>
#include <fnmatch.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "command.hpp"
#include "event/envelope.hpp"
#include "event/topic.hpp"
#include "event_types.hpp"
#include "exit_codes.hpp"
#include "hints.hpp"
#include "input/json_lines.hpp"
#include "input/records.hpp"
#include "options.hpp"
#include "output/stream.hpp"
#include "output/table.hpp"
#include "util/error.hpp"
#include "util/fd.hpp"
#include "util/json_writer.hpp"
#include "util/system_failure.hpp"
#include "util/text.hpp"

namespace airy::tools {
namespace {

constexpr std::size_t record_limit = 128 << 20;  // bytes; RabbitMQ's own limit of a message

util::JsonObject field_json(const event::Field& field) {
    auto json = util::JsonObject()
                    .add("name", field.name)
                    .add("type", event::field_type_name(field.type))
                    .add("optional", field.optional);
    if (!field.choices.empty()) json.add("choices", util::JsonArray(field.choices));
    return json;
}

// The members that `ls` and `show` share.
util::JsonObject type_json(const event::EventType& type) {
    util::JsonArray fields;
    for (const auto& field : type.fields)
        fields.add(field_json(field));
    return util::JsonObject()
        .add("event_type", type.name)
        .add("summary", type.summary)
        .add("published", type.published)
        .add("fields", fields);
}

std::string field_names(const event::EventType& type) {
    std::string names;
    for (const auto& field : type.fields) {
        if (!names.empty()) names += ", ";
        names += field.name;
        if (field.optional) names += '?';
    }
    return names;
}

std::string field_meaning(const event::Field& field) {
    switch (field.type) {
        case event::FieldType::id:
            return "64-bit integer";
        case event::FieldType::string:
            return "text";
        case event::FieldType::choice:
            break;
    }
    return fmt::format("{}", fmt::join(field.choices, " or "));
}

void print_table(const output::Table& table) {
    const auto width = output::stdout_is_terminal() ? output::terminal_width() : 0;
    output::print(table.text(static_cast<std::size_t>(width)));
}

int list_types(const std::string& match, bool json) {
    output::Table table({{"type"}, {"published"}, {"fields"}, {"when", output::Align::left, 1}});
    bool any = false;
    for (const auto& type : catalogue().types()) {
        const std::string name(type.name);
        if (!match.empty() && ::fnmatch(match.c_str(), name.c_str(), 0) != 0) continue;
        any = true;
        if (json)
            output::print(type_json(type).line());
        else
            table.add({name, type.published ? "yes" : "no", field_names(type),
                       std::string(type.summary)});
    }
    if (!json) print_table(table);
    if (!json && any && output::stdout_is_terminal())
        output::note("airy: published tells whether Airy's services publish the type today");
    if (!any) output::note("no event type matches " + match);
    return 0;
}

int show_type(const std::string& name, bool json) {
    const auto* type = catalogue().find(name);
    if (type == nullptr) {
        const auto near = catalogue().nearest_name(name);
        throw Error(ErrorKind::invalid_event,
                    fmt::format("there is no event type '{}'", util::printable(name)),
                    near.empty()
                        ? "airy event ls lists them"
                        : fmt::format("did you mean '{}'? airy event ls lists them", near));
    }
    const auto body = event::example_body(*type);
    const auto command = example_command(*type);
    if (json) {
        output::print(
            type_json(*type).add("example", util::JsonRaw{body}).add("command", command).line());
        return 0;
    }
    output::print(fmt::format(
        "{}: {}\n{}\n\n", type->name, type->summary,
        type->published ? "Airy's services publish it today."
                        : "Airy's services do not publish it today: they only define it."));
    output::Table table({{"field"}, {"type"}, {"value"}, {"needed"}});
    for (const auto& field : type->fields)
        table.add({std::string(field.name), std::string(event::field_type_name(field.type)),
                   field_meaning(field), field.optional ? "no" : "yes"});
    print_table(table);
    output::print(
        fmt::format("\nevent_id, event_type and timestamp are added where missing.\n\n"
                    "Example:\n  {}\nor with the event as JSON:\n  airy publish {} '{}'\n",
                    command, type->name, body));
    return 0;
}

// `airy event validate`: checks each line as publish would, without a broker.
class Validation {
  public:
    Validation(std::string topic, bool custom, bool json)
        : topic_(std::move(topic)), custom_(custom), json_(json) {
        if (!topic_.empty()) event::check_topic(topic_);
    }

    int run(int fd) {
        input::Records records(fd, '\n', record_limit);
        for (bool more = true; more;) {
            more = records.fill();
            while (const auto record = records.next())
                take(*record);
        }
        output::note(fmt::format("airy: {} valid, {} not", valid_, invalid_));
        return invalid_ == 0 ? 0 : exit_code_of(ErrorKind::invalid_event);
    }

  private:
    // As publish does, passes over blank lines.
    void take(const input::Records::Record& record) {
        if (record.number == 1) input::refuse_other_forms(record.text);
        if (!input::is_blank(record.text)) check(record);
    }

    void check(const input::Records::Record& record) {
        try {
            if (record.too_long)
                throw Error(ErrorKind::invalid_event,
                            fmt::format("the line is longer than {} MiB", record_limit >> 20));
            const auto event = event::complete(catalogue(), input::without_mark(record.text),
                                               {.topic = topic_, .custom = custom_});
            ++valid_;
            if (json_)
                output::print(util::JsonObject()
                                  .add("line", record.number)
                                  .add("valid", true)
                                  .add("event_type", event.type)
                                  .line());
        } catch (const Error& error) {
            if (error.kind() != ErrorKind::invalid_event) throw;
            ++invalid_;
            report(record.number, input::explained(error, record.text));
        }
    }

    void report(std::uint64_t line, const Error& error) {
        if (json_)
            output::print(util::JsonObject()
                              .add("line", line)
                              .add("valid", false)
                              .add("error", error.what())
                              .add("hint", hint_for(error))
                              .line());
        output::complain(fmt::format("line {}: {}", line, error.what()), "");
    }

    std::string topic_;
    bool custom_;
    bool json_;
    std::uint64_t valid_ = 0;
    std::uint64_t invalid_ = 0;
};

// Reads pipes and files without being told to; not a terminal or /dev/null.
bool stdin_is_given() {
    struct stat status {};
    if (::fstat(STDIN_FILENO, &status) != 0) return false;
    return S_ISFIFO(status.st_mode) || S_ISREG(status.st_mode) || S_ISSOCK(status.st_mode);
}

class EventCommand final : public Command {
  public:
    void add_options(cli::App& app) override {
        output_.add(app);
        app.require_subcommand();
        auto ls = app.subcommand(
            "ls", "list the event types that Airy defines, and which it publishes today",
            [this] { action_ = [this] { return list_types(match_, output_.json()); }; });
        ls.option("--match", match_, "only types whose name matches this shell pattern")
            .type_name("PATTERN");
        output_.add(ls);
        auto show = app.subcommand("show", "show the fields of one type, with an example", [this] {
            action_ = [this] { return show_type(type_, output_.json()); };
        });
        show.option("TYPE", type_, "e.g. post.published").required();
        output_.add(show);
        auto check = app.subcommand(
            "validate",
            "check events, one JSON object a line, as publish would; exit 8 if any is "
            "not valid",
            [this] { action_ = [this] { return validate(); }; });
        check.option("FILE", file_, "- or nothing: stdin");
        check.option("--topic", topic_, "the type of lines that have no event_type")
            .type_name("TYPE");
        output_.add(check);
        check.flag("--custom", custom_, "accept event types that airy does not know");
    }

    int run() override { return action_(); }

  private:
    int validate() {
        Validation validation(topic_, custom_, output_.json());
        if (file_ == "-") return validation.run(STDIN_FILENO);
        if (!file_.empty()) {
            const util::Fd fd(::open(file_.c_str(), O_RDONLY | O_CLOEXEC));
            if (!fd)
                throw util::system_failure(fmt::format("cannot read '{}'", util::printable(file_)),
                                           errno, ErrorKind::usage);
            return validation.run(fd.get());
        }
        if (!stdin_is_given())
            throw Error(ErrorKind::usage, "no events given",
                        "name a file, or pipe events in: airy event validate < events.jsonl");
        return validation.run(STDIN_FILENO);
    }

    OutputOption output_;
    std::function<int()> action_;
    std::string type_;
    std::string file_;
    std::string topic_;
    std::string match_;
    bool custom_ = false;
};

}  // namespace

std::unique_ptr<Command> make_event() {
    return std::make_unique<EventCommand>();
}

}  // namespace airy::tools
