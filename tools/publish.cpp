// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "command.hpp"
#include "event/envelope.hpp"
#include "event/event_id.hpp"
#include "event/message_line.hpp"
#include "event/topic.hpp"
#include "event_types.hpp"
#include "input/json_lines.hpp"
#include "input/records.hpp"
#include "mq/broker.hpp"
#include "options.hpp"
#include "output/stream.hpp"
#include "publish/property_options.hpp"
#include "publish/run.hpp"
#include "reconnect_option.hpp"
#include "util/error.hpp"
#include "util/text.hpp"
#include "util/uuid.hpp"

namespace airy::tools {
namespace {

using publish::Item;

constexpr std::uint64_t refusals_of_stream = 7;  // 6 to 12 s, enough to elect a queue's leader

class Publish final : public Command {
  public:
    void add_options(cli::App& app) override;
    int run() override;

  private:
    void check_usage();
    bool reads_stdin() const;
    bool has_operand_body() const { return !body_.empty() || !sets_.empty(); }

    void apply_properties(event::Message& message) const;
    Item from_operands() const;
    Item from_line(std::string_view line) const;
    Item from_event(event::Event event) const;
    Item from_raw(std::string_view line) const;
    Item from_message_line(std::string_view line) const;

    std::string topic_;
    std::string body_;
    bool body_given_ = false;
    std::vector<std::string> sets_;
    bool custom_ = false;
    std::string lines_ = "json";
    bool zero_ = false;
    std::vector<std::string> of_streams_;  // given options that only streams use
    publish::PropertyOptions properties_;
    std::string correlation_id_;
    std::string reply_to_;
    std::string message_id_;
    publish::Options run_;
    std::optional<std::uint64_t> max_refusals_;
    std::optional<std::chrono::nanoseconds> confirm_timeout_;
    bool no_confirm_ = false;
    bool no_mandatory_ = false;
    OutputOption output_;
    BrokerOptions broker_;
    ReconnectOption reconnect_;
    ExchangeOption exchange_;
};

void Publish::add_options(cli::App& app) {
    app.footer(
        "One event:   airy publish post.published --set post_id=42 --set author_id=7 --set "
        "title='Hello, world'\n"
        "A stream:    airy publish < events.jsonl\n"
        "The event id is printed once the broker has confirmed the event, and not before.");
    app.option("TOPIC", topic_, "event type, e.g. post.published; default: each event_type");
    app.option("BODY", body_, "the event as a JSON object, or - for a stream from stdin")
        .note(body_given_);
    app.option("-s,--set", sets_, "a field of the event (repeatable)")
        .type_name("FIELD=VALUE")
        .one_each();
    app.flag("--custom", custom_, "accept event types that airy does not know");
    app.option("--lines", lines_,
               "the form of a line of stdin: json (an event), message (as tail -o json prints "
               "it), raw (a body)")
        .one_of({"json", "message", "raw"})
        .type_name("FORMAT")
        .note(of_streams_);
    app.flag("-0,--null", zero_, "records of stdin end in a zero byte, not a newline")
        .note(of_streams_);
    app.flag("-k,--keep-going", run_.keep_going,
             "skip bad lines and undelivered events; exit 8 or 4 at the end")
        .note(of_streams_);
    app.option("--rejects", run_.rejects_file, "append the skipped records to this file")
        .type_name("FILE");
    app.option("--metrics-file", run_.metrics_file,
               "how long confirms took, for Prometheus' textfile collector")
        .type_name("FILE");
    app.flag("--no-confirm", no_confirm_, "do not wait for the broker's confirms");
    app.flag("--no-mandatory", no_mandatory_, "an event that no queue takes is no error");
    app.option("--window", run_.window, "most unconfirmed events on the way; default 1000")
        .type_name("N")
        .between(1, 65535);
    app.duration(
        "--confirm-timeout", confirm_timeout_,
        "exit 4 when no confirm comes for this long; default 30s, and for a stream no limit "
        "while the broker blocks publishers");
    app.option("--max-refusals", max_refusals_,
               "send an event again this often when the broker refuses it, as a full queue does; "
               "default 7 for a stream, 0 for one event")
        .type_name("N");
    output_.add(app);
    properties_.add(app);
    const std::string group = publish::PropertyOptions::group;
    app.option("--correlation-id", correlation_id_, "").type_name("ID").group(group);
    app.option("--reply-to", reply_to_, "").type_name("QUEUE").group(group);
    app.option("--message-id", message_id_, "default the event's id").type_name("ID").group(group);
    broker_.add(app);
    reconnect_.add(app);
    exchange_.add(app);
}

bool Publish::reads_stdin() const {
    if (body_ == "-") return true;
    if (has_operand_body() || body_given_) return false;
    return input::is_piped_in();
}

void Publish::check_usage() {
    if (topic_ == "-" && !body_given_) {  // `airy publish -`
        topic_.clear();
        body_ = "-";
        body_given_ = true;
    }
    if (!body_given_ && topic_.starts_with('{'))
        throw Error(ErrorKind::usage, "the first operand is the topic, not the body",
                    "airy publish post.published '{…}', or pipe the event in");
    if (body_given_ && !sets_.empty())
        throw Error(ErrorKind::usage, "a body and --set exclude each other");
    if (!sets_.empty() && topic_.empty())
        throw Error(ErrorKind::usage, "--set needs a TOPIC",
                    "e.g. airy publish post.published --set post_id=42 …");
    properties_.read();
    for (const auto& set : sets_)
        if (set.find('=') == std::string::npos || set.starts_with('='))
            throw Error(ErrorKind::usage,
                        fmt::format("--set '{}' is not FIELD=VALUE", util::printable(set)));
    if (lines_ == "raw" && topic_.empty())
        throw Error(ErrorKind::usage, "--lines raw needs a TOPIC: the lines do not carry one");
    if (!run_.rejects_file.empty() && !run_.keep_going)
        throw Error(ErrorKind::usage, "--rejects needs --keep-going");
    if (!run_.metrics_file.empty() && no_confirm_)
        throw Error(ErrorKind::usage, "--metrics-file tells of confirms: --no-confirm has none");
    if (has_operand_body() && body_ != "-")
        refuse_without_effect(of_streams_, "on an event that is an operand",
                              "it is for a stream from stdin");
    if (confirm_timeout_ && *confirm_timeout_ <= std::chrono::nanoseconds(0))
        throw Error(ErrorKind::usage, "--confirm-timeout must be longer than 0s");
    if (no_confirm_ && max_refusals_)
        throw Error(ErrorKind::usage, "--max-refusals has no effect beside --no-confirm",
                    "then no refusal is told");
    if (no_confirm_ && confirm_timeout_)
        throw Error(ErrorKind::usage, "--confirm-timeout has no effect beside --no-confirm",
                    "then no confirm is awaited");
    if (!topic_.empty()) {
        event::check_topic(topic_);
        if (!custom_ && catalogue().find(topic_) == nullptr) {
            const auto near = catalogue().nearest_name(topic_);
            throw Error(
                ErrorKind::invalid_event,
                fmt::format("there is no event type '{}'", util::printable(topic_)),
                near.empty()
                    ? "airy event ls lists them; --custom publishes to any topic"
                    : fmt::format("did you mean '{}'? --custom publishes to any topic", near));
        }
    }
}

void Publish::apply_properties(event::Message& message) const {
    properties_.apply(message);
    auto& p = message.properties;
    if (!correlation_id_.empty()) p.correlation_id = correlation_id_;
    if (!reply_to_.empty()) p.reply_to = reply_to_;
    if (!message_id_.empty()) p.message_id = message_id_;
}

Item Publish::from_event(event::Event event) const {
    Item item;
    item.event_id = event.id;
    item.message = event::to_message(std::move(event), exchange_.name);
    apply_properties(item.message);
    return item;
}

Item Publish::from_operands() const {
    event::CompleteOptions options;
    options.topic = topic_;
    options.custom = custom_;
    if (sets_.empty())
        return from_event(event::complete(catalogue(), input::without_mark(body_), options));
    std::vector<std::pair<std::string, std::string>> fields;
    for (const auto& set : sets_) {
        const auto equals = set.find('=');
        fields.emplace_back(set.substr(0, equals), set.substr(equals + 1));
    }
    return from_event(event::from_fields(catalogue(), topic_, fields, options));
}

Item Publish::from_line(std::string_view line) const {
    if (lines_ == "raw") return from_raw(line);
    if (!zero_ && line.ends_with('\r')) line.remove_suffix(1);
    line = input::without_mark(line);
    try {
        if (lines_ == "message") return from_message_line(line);
        event::CompleteOptions options;
        options.topic = topic_;
        options.custom = custom_;
        return from_event(event::complete(catalogue(), line, options));
    } catch (const Error& error) {
        throw input::explained(error, line);
    }
}

Item Publish::from_raw(std::string_view line) const {
    Item item;
    item.event_id = util::uuid_v4();
    item.message.exchange = exchange_.name;
    item.message.topic = topic_;
    item.message.body = line;
    item.message.properties.message_id = item.event_id;
    item.message.properties.delivery_mode = 2;
    item.message.properties.app_id = "airy-tools";
    apply_properties(item.message);
    item.event_id = *item.message.properties.message_id;
    return item;
}

// The message exactly as the line has it, unless the command names another exchange or topic.
Item Publish::from_message_line(std::string_view line) const {
    Item item;
    item.message = event::parse_message_line(line, exchange_.name);
    if (exchange_.on_command_line) item.message.exchange = exchange_.name;
    if (!topic_.empty()) item.message.topic = topic_;
    apply_properties(item.message);
    item.event_id = event::id_of(item.message);
    if (item.event_id.empty()) item.event_id = "-";
    return item;
}

int Publish::run() {
    check_usage();
    exchange_.resolve();
    run_.endpoint = broker_.endpoint("publish");
    // One event fails at once by default: its caller can run the command again.
    if (reads_stdin() || reconnect_.given()) reconnect_.apply(run_.endpoint);
    run_.exchange = {exchange_.name, !exchange_.named};
    run_.confirm = !no_confirm_;
    run_.mandatory = !no_mandatory_;
    run_.confirm_timeout = confirm_timeout_.value_or(std::chrono::seconds(30));
    // An alarm holds up a stream as a slow broker does; a given limit includes that time.
    run_.wait_while_blocked = reads_stdin() && !confirm_timeout_;
    run_.refusals = {max_refusals_.value_or(reads_stdin() ? refusals_of_stream : 0),
                     reconnect_.within};
    run_.json_lines = lines_ != "raw";
    run_.json = output_.json();
    run_.separator = zero_ ? '\0' : '\n';
    if (!reads_stdin()) {
        if (!has_operand_body())
            throw Error(ErrorKind::usage, "no event given",
                        "give --set FIELD=VALUE…, a JSON body, or pipe events in");
        return publish::one(run_, from_operands());
    }
    return publish::stream(run_, [this](std::string_view line) { return from_line(line); });
}

}  // namespace

std::unique_ptr<Command> make_publish() {
    return std::make_unique<Publish>();
}

}  // namespace airy::tools
