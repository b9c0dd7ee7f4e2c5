// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "queue_transfers.hpp"

#include <fmt/core.h>

#include "agreement.hpp"
#include "delivery_options.hpp"
#include "last_look.hpp"
#include "options.hpp"
#include "output/stream.hpp"
#include "output/words.hpp"
#include "util/error.hpp"
#include "util/json_writer.hpp"
#include "util/text.hpp"

namespace airy::tools {
namespace {

// The message under the topic and the exchange that it was published with, where it lies under
// others, as in a dead-letter queue: `publish` sends its line to the queues that it was meant for.
mq::Delivered as_published(const mq::Delivered& delivered) {
    auto original = delivered;
    if (original.origin) {
        original.message.topic = original.origin->topic;
        original.message.exchange = original.origin->exchange;
    }
    return original;
}

bool all_match(const std::vector<event::Where>& conditions, const mq::Delivered& delivered) {
    return event::all_match(conditions, delivered.message, delivered.queue);
}

// A second line: why the message lies in a dead-letter queue.
void append_account(std::string& text, const mq::Broker& broker, const mq::Delivered& delivered) {
    const auto account = broker.account_of(delivered);
    if (account.failed_at.empty()) return;  // no dead letter
    text += fmt::format("    {} at {}", util::printable(account.reason), account.failed_at);
    for (const auto& [name, value] : delivered.message.headers)
        if (const auto* error = std::get_if<std::string>(&value.value);
            error != nullptr && name == "x-airy-error" && !error->empty())
            text += ": " + util::printable(*error, 1024);
    text += '\n';
}

}  // namespace

void SelectionOptions::add_where(cli::App& app) {
    app.option("-w,--where", where_texts,
               "only messages that match: field=value, !=, ~regex, !~, >, <, >=, <= "
               "(repeatable: all must)")
        .type_name("CONDITION")
        .one_each();
}

void SelectionOptions::add_count(cli::App& app, const std::string& description) {
    app.option("-n,--count,--limit", limit, description).type_name("N");
}

void SelectionOptions::add_rate(cli::App& app) {
    app.option("--rate", rate, "no more than this, e.g. 50/s").type_name("N/s");
}

std::vector<event::Where> SelectionOptions::where() const {
    std::vector<event::Where> conditions;
    for (const auto& text : where_texts)
        conditions.push_back(event::parse_where(text));
    return conditions;
}

int show_messages(mq::Broker& broker, const std::string& queue, const SelectionOptions& which,
                  MessageFormat format, util::SignalFd& signals) {
    const auto conditions = which.where();
    std::uint64_t shown = 0;
    const auto see = [&](const mq::Delivered& delivered) {
        const auto original = as_published(delivered);
        if (!all_match(conditions, original)) return true;
        std::string text;
        append_message(text, original, format);
        if (format == MessageFormat::pretty) append_account(text, broker, delivered);
        output::print(text);
        ++shown;
        return which.limit == 0 || shown < which.limit;
    };
    const auto look = broker.look_into(queue, conditions.empty() ? which.limit : 0, see, signals);
    output::flush();
    tell_effect(queue, look);
    if (look.left > 0 && !look.last_return)
        output::note(fmt::format("airy: {} more not shown; --count 0 shows all", look.left));
    check_look(queue, look);
    return look.signal ? 128 + *look.signal : 0;
}

int move_messages(mq::Broker& broker, mq::Transfer what, const SelectionOptions& which,
                  bool dry_run, bool json, util::SignalFd& signals) {
    const auto conditions = which.where();
    const auto wanted = [&conditions](const mq::Delivered& delivered) {
        return conditions.empty() || all_match(conditions, as_published(delivered));
    };
    what.limit = which.limit;
    if (!which.rate.empty()) what.rate = parse_rate("--rate", which.rate);
    if (!conditions.empty()) what.wanted = wanted;
    mq::Transferred done;
    if (dry_run) {
        broker.topology()->check_queue(what.to);
        const auto count = [&](const mq::Delivered& delivered) {
            ++(wanted(delivered) ? done.moved : done.passed_over);
            return what.limit == 0 || done.moved < what.limit;
        };
        if (conditions.empty()) {
            done.moved = broker.topology()->check_queue(what.from).ready;
            if (what.limit != 0) done.moved = std::min(done.moved, what.limit);
        } else {
            const auto look = broker.look_into(what.from, 0, count, signals);
            check_look(what.from, look);
            tell_copied(what.from, look.copied);
            done.signal = look.signal;
        }
    } else {
        done = broker.transfer(what, signals);
    }
    if (json)
        output::print(util::JsonObject()
                          .add("from", what.from)
                          .add("to", what.to)
                          .add("moved", done.moved)
                          .add("passed_over", done.passed_over)
                          .add("unmovable", done.unmovable)
                          .add("done", !dry_run)
                          .line());
    else if (!common_options().quiet || dry_run)
        output::print(fmt::format("{}moved {} from {} to {}\n", dry_run ? "would have " : "",
                                  output::counted(done.moved, "message"),
                                  util::printable(what.from), util::printable(what.to)));
    output::flush();
    tell_copied(what.from, done.copied);
    check_that_all_came_back(done.missing);
    if (done.unmovable > 0)
        throw Error(ErrorKind::undelivered,
                    fmt::format("{} cannot be moved: {}",
                                output::counted(done.unmovable, "message"), done.why),
                    fmt::format("{} in '{}'", done.unmovable == 1 ? "it stays" : "they stay",
                                util::printable(what.from)));
    return done.signal ? 128 + *done.signal : 0;
}

void QueueTransfers::add_peek(cli::App& app) {
    app.footer("The messages keep their places. On RabbitMQ they count as redelivered afterwards.");
    last_look_.add(app);
    app.option("QUEUE", from_, "which").required();
    peeked_.add_where(app);
    peeked_.add_count(app, "show no more than this; 0: all [100]");
    format_.add(app);
}

void QueueTransfers::add_move(cli::App& app) {
    app.option("FROM", from_, "the queue they are in").type_name("QUEUE").required();
    app.option("TO", to_, "the queue they are put into; it must be there")
        .type_name("QUEUE")
        .required();
    moved_.add_where(app);
    moved_.add_count(app, "move no more than this; 0: all [0]");
    moved_.add_rate(app);
}

int QueueTransfers::peek(mq::Endpoint endpoint, bool json) {
    util::SignalFd signals;
    endpoint.interrupt_fd = signals.fd();
    last_look_.apply(endpoint);
    return show_messages(*mq::connect(endpoint), from_, peeked_, format_.chosen(json), signals);
}

int QueueTransfers::move(mq::Endpoint endpoint, bool yes, bool dry_run, bool json) {
    if (from_ == to_) throw Error(ErrorKind::usage, "FROM and TO are the same queue");
    if (!dry_run && !agreed(fmt::format("move messages of queue '{}' to '{}'",
                                        util::printable(from_), util::printable(to_)),
                            yes))
        return 1;
    util::SignalFd signals;
    endpoint.interrupt_fd = signals.fd();
    endpoint.look_to_the_last = yes;
    mq::Transfer what;
    what.from = from_;
    what.to = to_;
    return move_messages(*mq::connect(endpoint), std::move(what), moved_, dry_run, json, signals);
}

}  // namespace airy::tools
