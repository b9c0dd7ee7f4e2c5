// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "stats/snapshot.hpp"

#include <fnmatch.h>

#include <algorithm>
#include <future>
#include <iterator>
#include <set>

#include "mq/broker.hpp"
#include "output/metrics.hpp"
#include "util/clock.hpp"
#include "util/error.hpp"

namespace airy::tools::stats {
namespace {

using inspect::Consumer;

// Only the management API can list queues. Without it there are at least those that the consumers
// on this host work on.
inspect::QueueSurvey survey_all(const Source& source,
                                const std::function<std::vector<Consumer>()>& consumers) {
    try {
        return inspect::survey_queues(source.management, *mq::connect(source.endpoint));
    } catch (const Error& error) {
        std::set<std::string> names;
        for (const auto& consumer : consumers())
            if (consumer.status) names.insert(consumer.status->queue);
        if (error.kind() != ErrorKind::unreachable || names.empty()) throw;
        auto survey = inspect::survey_queues(source.management, *mq::connect(source.endpoint),
                                             std::vector<std::string>(names.begin(), names.end()));
        survey.missing.clear();  // nobody has named them
        survey.degraded = error.what();
        survey.degraded += "; shown are the queues of the consumers on this host";
        return survey;
    }
}

}  // namespace

Snapshot look_at_consumers(const Selection& selection) {
    Snapshot snapshot;
    add_consumers(selection, inspect::list_consumers(), snapshot);
    return snapshot;
}

Snapshot look(const Selection& selection, const Source& source) {
    const auto consumers =
        std::async(std::launch::async, [] { return inspect::list_consumers(); }).share();
    Snapshot queues;
    add_queues(
        selection, source, [&consumers] { return consumers.get(); }, queues);
    Snapshot snapshot;
    if (selection.pools) add_consumers(selection, consumers.get(), snapshot);
    std::ranges::move(queues.notes, std::back_inserter(snapshot.notes));
    queues.notes = std::move(snapshot.notes);
    queues.consumers = std::move(snapshot.consumers);
    return queues;
}

void add_consumers(const Selection& selection, const std::vector<Consumer>& all,
                   Snapshot& snapshot) {
    for (const auto& consumer : all) {
        const auto named = [&consumer](const std::string& name) {
            return inspect::is_named(consumer, name) || std::to_string(consumer.pid) == name ||
                   (consumer.status && consumer.status->queue == name);
        };
        if (selection.names.empty() || std::ranges::any_of(selection.names, named))
            snapshot.consumers.push_back(consumer);
    }
    // Beside queues the names are those of queues, which need not have a consumer here.
    if (!selection.queues)
        for (const auto& name : selection.names)
            if (std::ranges::none_of(all, [&name](const Consumer& consumer) {
                    return consumer.status && consumer.status->queue == name;
                }))
                static_cast<void>(inspect::find_consumer(all, name));
    if (snapshot.consumers.empty())
        snapshot.notes.push_back("no consumer of this user runs on this host");
}

void add_queues(const Selection& selection, const Source& source,
                const std::function<std::vector<Consumer>()>& consumers, Snapshot& snapshot) {
    inspect::QueueSurvey survey;
    if (selection.names.empty())
        survey = survey_all(source, consumers);
    else
        survey = inspect::survey_queues(source.management, *mq::connect(source.endpoint),
                                        selection.names);
    snapshot.missing = std::move(survey.missing);

    const auto& match = selection.match;
    if (!match.empty())
        std::erase_if(survey.queues, [&match](const inspect::QueueReport& report) {
            return ::fnmatch(match.c_str(), report.queue.name.c_str(), 0) != 0;
        });
    const bool declared = !survey.degraded.empty();
    snapshot.bindings = selection.bindings;
    if (selection.bindings)
        inspect::add_bindings(survey, source.management, *mq::connect(source.endpoint));

    if (!survey.degraded.empty())
        snapshot.notes.push_back(
            survey.degraded + (declared ? "; ready and consumers are from a passive declare" : "") +
            (selection.bindings ? "; nobody else can tell the bindings" : ""));
    snapshot.queues = std::move(survey.queues);
    if (snapshot.queues.empty() && snapshot.missing.empty())
        snapshot.notes.push_back(match.empty() ? "there are no queues"
                                               : "no queue matches " + match);
}

std::string tables(const Snapshot& snapshot) {
    std::string out = output::pool_table(snapshot.consumers);
    if (const auto lines = output::trouble_lines(snapshot.consumers, snapshot.queues);
        !lines.empty())
        out += '\n' + lines;
    if (!out.empty() && !snapshot.queues.empty()) out += '\n';
    out += output::queue_table(snapshot.queues);
    if (snapshot.bindings && !snapshot.queues.empty())
        out += '\n' + output::binding_table(snapshot.queues);
    return out;
}

std::string json_lines(const Snapshot& snapshot) {
    std::string out;
    const auto now = util::system_clock().now();
    for (const auto& consumer : snapshot.consumers)
        out += output::pool_json(consumer, now, snapshot.queues);
    for (const auto& report : snapshot.queues)
        out += output::queue_json(report, now, snapshot.bindings);
    return out;
}

}  // namespace airy::tools::stats
