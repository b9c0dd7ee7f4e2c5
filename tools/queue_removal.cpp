// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "queue_removal.hpp"

#include <fmt/core.h>
#include <fnmatch.h>

#include <algorithm>
#include <set>
#include <utility>

#include "agreement.hpp"
#include "complaints.hpp"
#include "mq/inventory.hpp"
#include "options.hpp"
#include "output/stream.hpp"
#include "output/words.hpp"
#include "util/json_writer.hpp"
#include "util/text.hpp"

namespace airy::tools {
namespace {

constexpr std::size_t most_named = 20;  // queues that a question names

void report(const char* verb, const std::string& name, std::uint64_t messages, bool done,
            bool json) {
    if (json)
        output::print(util::JsonObject()
                          .add("queue", name)
                          .add("name", name)
                          .add(verb, done)
                          .add("messages", messages)
                          .line());
    else if (!common_options().quiet || !done)
        output::print(fmt::format("{}{}: {}, {}\n", done ? "" : "would be ", verb,
                                  util::printable(name), output::counted(messages, "message")));
}

template <typename Targets>
std::string summary(const Targets& targets) {
    std::uint64_t ready = 0;
    std::string names;
    for (std::size_t i = 0; i < targets.size(); ++i) {
        ready += targets[i].state.ready;
        if (i < most_named) names += (i == 0 ? "" : ", ") + output::quoted(targets[i].name);
    }
    if (targets.size() > most_named)
        names += fmt::format(" and {} more", targets.size() - most_named);
    return targets.size() == 1
               ? fmt::format("queue {} with {}", names, output::counted(ready, "message"))
               : fmt::format("{} with {}: {}", output::counted(targets.size(), "queue"),
                             output::counted(ready, "message"), names);
}

template <typename Target>
std::vector<Target> joined(const std::vector<std::vector<Target>>& families) {
    std::vector<Target> all;
    for (const auto& family : families)
        all.insert(all.end(), family.begin(), family.end());
    return all;
}

// Whether `name` is the dead-letter queue or a retry queue of `work_queue`.
bool belongs_to(const std::string& name, const std::string& work_queue) {
    return name == mq::dead_letter_queue_of(work_queue) || mq::is_retry_queue_of(name, work_queue);
}

}  // namespace

void Caution::add(cli::App& app) {
    app.flag("-y,--yes", yes, "do not ask; needed where there is no terminal to ask on");
    app.flag("--dry-run", dry_run, "only say what would happen");
}

void QueueRemoval::add_queues(cli::App& app) {
    app.option("QUEUE", names_, "which");
    app.option("--match", match_, "all queues whose name matches this shell pattern")
        .type_name("PATTERN");
}

void QueueRemoval::add_delete(cli::App& app) {
    add_queues(app);
    app.flag("--with-dlq", with_dlq_,
             "also the dead-letter queue and the retry queues of each: QUEUE.dlq, QUEUE.retry.N");
    app.flag("--if-empty", if_empty_, "only where no message is ready");
    app.flag("--if-unused", if_unused_, "only where nobody consumes");
}

void QueueRemoval::add_purge(cli::App& app) {
    add_queues(app);
}

// A family is a queue and, with --with-dlq, its dead-letter queue and its retry queues behind it.
// Without the queues of other connections, which only these can delete.
std::vector<QueueRemoval::Family> QueueRemoval::chosen(mq::Broker& broker) const {
    if (names_.empty() == match_.empty())
        throw Error(ErrorKind::usage,
                    names_.empty() ? "no queue is named" : "--match and queues exclude each other",
                    "name the queues, or match their names: --match PATTERN");
    std::vector<std::string> names = names_;
    std::vector<mq::QueueReport> all;
    if (!match_.empty() || with_dlq_) all = broker.inventory({.counts = false}).queues;
    std::erase_if(all, [](const mq::QueueReport& report) { return report.queue.exclusive; });
    if (!match_.empty()) {
        for (const auto& report : all)
            if (::fnmatch(match_.c_str(), report.queue.name.c_str(), 0) == 0)
                names.push_back(report.queue.name);
        if (names.empty())
            throw Error(Reason::queue_not_found,
                        fmt::format("no queue matches {}", output::quoted(match_)));
    }
    std::vector<Family> families;
    const auto of_another = [&](const std::string& name) {
        return with_dlq_ && std::ranges::any_of(names, [&name](const std::string& other) {
                   return belongs_to(name, other);
               });
    };
    for (const auto& name : names) {
        if (of_another(name)) continue;
        auto& family = families.emplace_back(Family{name});
        for (const auto& report : all)
            if (with_dlq_ && belongs_to(report.queue.name, name))
                family.push_back(report.queue.name);
    }
    return families;
}

// Looks at each queue first. A missing queue becomes a complaint; so does one that --if-empty or
// --if-unused excludes, and then its whole family stays.
std::vector<std::vector<QueueRemoval::Target>> QueueRemoval::look(
    mq::Topology& topology, const std::vector<Family>& families) {
    std::vector<std::vector<Target>> out;
    std::set<std::string> seen;
    for (const auto& family : families) {
        std::vector<Target> targets;
        try {
            for (const auto& name : family)
                if (seen.insert(name).second) look_at(topology, name, targets);
        } catch (const Error& error) {
            if (error.reason() != Reason::in_use) throw;
            complaints_.push_back(error);
            continue;
        }
        if (!targets.empty()) out.push_back(std::move(targets));
    }
    return out;
}

void QueueRemoval::look_at(mq::Topology& topology, const std::string& name,
                           std::vector<Target>& targets) {
    try {
        const auto state = topology.check_queue(name);
        check_conditions(name, state);
        targets.push_back({name, state});
    } catch (const Error& error) {
        if (error.kind() == ErrorKind::unreachable || error.reason() == Reason::in_use) throw;
        complaints_.push_back(error);
    }
}

void QueueRemoval::check_conditions(const std::string& name, const mq::QueueState& state) const {
    if (if_empty_ && state.ready > 0)
        throw Error(Reason::in_use, fmt::format("queue {} is not empty: {} ready",
                                                output::quoted(name), state.ready))
            .about(name);
    if (if_unused_ && state.consumers > 0)
        throw Error(Reason::in_use, fmt::format("queue {} is in use: {}", output::quoted(name),
                                                output::counted(state.consumers, "consumer")))
            .about(name);
}

int QueueRemoval::remove(const mq::Endpoint& endpoint, const Caution& caution, bool json) {
    const auto broker = mq::connect(endpoint);
    const auto families = chosen(*broker);
    auto topology = broker->topology();
    const auto found = look(*topology, families);
    if (caution.dry_run) {
        for (const auto& family : found)
            for (const auto& target : family)
                report("deleted", target.name, target.state.ready, false, json);
        raise(complaints_);
        return 0;
    }
    if (!found.empty() && !agreed("delete " + summary(joined(found)), caution.yes)) return 1;
    for (const auto& family : found)
        delete_family(*broker, topology, family, json);
    raise(complaints_);
    return 0;
}

// The work queue goes first. Where it stays, so do its dead letters and the messages that wait for
// their retry.
void QueueRemoval::delete_family(mq::Broker& broker, std::unique_ptr<mq::Topology>& topology,
                                 const std::vector<Target>& family, bool json) {
    for (const auto& target : family) {
        try {
            report("deleted", target.name, delete_one(broker, topology, target.name), true, json);
        } catch (const Error& error) {
            if (error.kind() == ErrorKind::unreachable) throw;
            complaints_.push_back(error);
            return;
        }
    }
}

// The broker checks the conditions of classic queues itself. For the other types RabbitMQ
// answers 540, which ends the connection; then the state just seen has to do, and a message or
// consumer that comes in between is not noticed.
std::uint64_t QueueRemoval::delete_one(mq::Broker& broker, std::unique_ptr<mq::Topology>& topology,
                                       const std::string& name) const {
    if (!if_empty_ && !if_unused_) return topology->delete_queue(name, false, false);
    try {
        return topology->delete_queue(name, if_empty_, if_unused_);
    } catch (const Error& error) {
        if (error.reason() == Reason::in_use) throw Error(error).about(name);
        if (error.reason() != Reason::not_implemented) throw;
    }
    topology = broker.topology();
    check_conditions(name, topology->check_queue(name));
    return topology->delete_queue(name, false, false);
}

int QueueRemoval::purge(const mq::Endpoint& endpoint, const Caution& caution, bool json) {
    const auto broker = mq::connect(endpoint);
    const auto families = chosen(*broker);
    const auto topology = broker->topology();
    const auto targets = joined(look(*topology, families));
    if (!caution.dry_run && !targets.empty() &&
        !agreed("throw away the messages of " + summary(targets), caution.yes))
        return 1;
    for (const auto& target : targets)
        report("purged", target.name,
               caution.dry_run ? target.state.ready : topology->purge_queue(target.name),
               !caution.dry_run, json);
    raise(complaints_);
    return 0;
}

}  // namespace airy::tools
