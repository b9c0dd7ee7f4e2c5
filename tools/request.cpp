// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include <fmt/core.h>

#include "command.hpp"
#include "event/event_id.hpp"
#include "event/message_line.hpp"
#include "event/topic.hpp"
#include "input/json_lines.hpp"
#include "input/records.hpp"
#include "options.hpp"
#include "publish/property_options.hpp"
#include "reconnect_option.hpp"
#include "request/run.hpp"
#include "util/error.hpp"
#include "util/text.hpp"
#include "util/uuid.hpp"
#include "work/reply.hpp"

namespace airy::tools {
namespace {

class Request final : public Command {
  public:
    void add_options(cli::App& app) override;
    int run() override;

  private:
    void check_usage();
    bool reads_stdin() const;
    event::Message from_body(std::string_view body) const;
    event::Message from_record(std::string_view record) const;

    std::string topic_;
    std::string body_;
    bool body_given_ = false;
    std::string lines_ = "raw";
    bool zero_ = false;
    std::vector<std::string> of_streams_;  // given options that only streams use
    publish::PropertyOptions properties_;
    request::Options run_;
    OutputOption output_;
    BrokerOptions broker_;
    ReconnectOption reconnect_;
    ExchangeOption exchange_;
};

void Request::add_options(cli::App& app) {
    app.footer(
        "One request:  airy request price.quote '{\"sku\":7}'\n"
        "A stream:     airy request price.quote < skus.jsonl\n"
        "The replies:  airy consume price.quote --queue prices --reply -- ./quote\n"
        "Exit status 4: no queue takes the request. 5: no reply in time. 6: the handler gave it "
        "up.");
    app.option("TOPIC", topic_, "the topic of the request; of message lines, default their own");
    app.option("BODY", body_, "the request, or - for a stream from stdin, one a line")
        .note(body_given_);
    app.duration("--timeout", run_.timeout, "for the replies to one request; 0s: no limit [5s]");
    app.option("--replies", run_.replies, "wait for so many replies to each request [1]")
        .type_name("N")
        .between(1, 1'000'000);
    app.option("--window", run_.window, "most requests at once that wait for replies; default 64")
        .type_name("N")
        .between(1, 65535)
        .note(of_streams_);
    app.flag("--ordered", run_.ordered, "print the replies in the order of the requests")
        .note(of_streams_);
    app.option("--lines", lines_,
               "the form of a line of stdin: raw (a body) or message (as tail -o json prints it)")
        .one_of({"raw", "message"})
        .type_name("FORMAT")
        .note(of_streams_);
    app.flag("-0,--null", zero_, "records of stdin end in a zero byte, not a newline")
        .note(of_streams_);
    app.flag("-k,--keep-going", run_.keep_going, "go on after a request without its reply")
        .note(of_streams_);
    output_.add(app);
    properties_.add(app, "default by the form of the body");
    broker_.add(app);
    reconnect_.add(app);
    exchange_.add(app);
}

bool Request::reads_stdin() const {
    if (body_given_) return body_ == "-";
    return input::is_piped_in();
}

void Request::check_usage() {
    if (topic_ == "-" && !body_given_) {  // `airy request --lines message -`
        topic_.clear();
        body_ = "-";
        body_given_ = true;
    }
    if (!body_given_ && topic_.starts_with('{'))
        throw Error(ErrorKind::usage, "the first operand is the topic, not the body",
                    "airy request TOPIC '{…}', or pipe the body in");
    if (topic_.empty() && lines_ != "message")
        throw Error(ErrorKind::usage, "no topic given",
                    "airy request TOPIC BODY; only message lines carry their own topic");
    if (!reads_stdin())
        refuse_without_effect(of_streams_, "on one request", "it is for a stream from stdin");
    if (!body_given_ && !reads_stdin())
        throw Error(ErrorKind::usage, "no body given",
                    "give the BODY, '' for an empty one, or pipe bodies in, one a line");
    if (!topic_.empty()) event::check_topic(topic_);
    properties_.read();
}

// The body as it is: a request is no event, and nothing is added to it.
event::Message Request::from_body(std::string_view body) const {
    event::Message message;
    message.exchange = exchange_.name;
    message.topic = topic_;
    message.body = body;
    auto id = event::id_of(message);
    message.properties.message_id = id.empty() ? util::uuid_v4() : std::move(id);
    const auto type = work::content_type_of(body);
    if (!type.empty()) message.properties.content_type = type;
    message.properties.delivery_mode = 2;
    message.properties.app_id = "airy-tools";
    properties_.apply(message);
    return message;
}

event::Message Request::from_record(std::string_view record) const {
    if (lines_ == "raw") return from_body(record);
    if (!zero_ && record.ends_with('\r')) record.remove_suffix(1);
    record = input::without_mark(record);
    try {
        auto message = event::parse_message_line(record, exchange_.name);
        if (exchange_.on_command_line) message.exchange = exchange_.name;
        if (!topic_.empty()) message.topic = topic_;
        properties_.apply(message);
        return message;
    } catch (const Error& error) {
        throw input::explained(error, record);
    }
}

int Request::run() {
    check_usage();
    exchange_.resolve();
    run_.endpoint = broker_.endpoint("request");
    // One request fails at once by default: its caller can run the command again.
    if (reads_stdin() || reconnect_.given()) reconnect_.apply(run_.endpoint);
    run_.exchange = {exchange_.name, !exchange_.named};
    run_.json = output_.json();
    run_.separator = zero_ ? '\0' : '\n';
    if (!reads_stdin()) return request::one(run_, from_body(body_));
    return request::stream(run_, [this](std::string_view record) { return from_record(record); });
}

}  // namespace

std::unique_ptr<Command> make_request() {
    return std::make_unique<Request>();
}

}  // namespace airy::tools
