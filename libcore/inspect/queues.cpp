// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "inspect/queues.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <tuple>

#include "util/error.hpp"

namespace airy::inspect {
namespace {

// What the management API says of one queue. Once it has not answered it is not asked again:
// each time could take the whole deadline.
std::optional<QueueInfo> ask_management(const std::optional<Management>& management,
                                        const std::string& name, std::string& degraded) {
    if (!management || !degraded.empty()) return std::nullopt;
    try {
        return management->queue(name);
    } catch (const Error& error) {
        if (error.kind() == ErrorKind::unreachable) degraded = error.what();
        return std::nullopt;
    }
}

// The management API learns of a new queue's messages only with its next statistics, up to five
// seconds later; a passive declare knows them at once.
void complete_counts(QueueSurvey& survey, mq::Broker& broker) {
    std::unique_ptr<mq::Topology> topology;
    for (auto& report : survey.queues) {
        if (report.queue.ready && report.queue.consumers) continue;
        if (!topology) topology = broker.topology();
        try {
            const auto now = topology->check_queue(report.queue.name);
            report.queue.ready = now.ready;
            report.queue.consumers = now.consumers;
            report.source = QueueSource::both;
        } catch (const Error& error) {
            // Gone meanwhile, or another connection's own: then nobody can tell.
            if (error.kind() != ErrorKind::not_found) throw;
        }
    }
}

QueueInfo info_of(const mq::QueueListing& listed) {
    QueueInfo info;
    info.name = listed.spec.name;
    info.type = listed.spec.type;
    info.durable = listed.spec.durable;
    info.auto_delete = listed.spec.auto_delete;
    info.exclusive = listed.spec.exclusive;
    info.state = "running";
    info.ready = listed.ready;
    info.unacked = listed.unacked;
    info.consumers = listed.consumers;
    return info;
}

const mq::QueueListing* find(const mq::Inventory& inventory, const std::string& name) {
    const auto found = std::ranges::find(
        inventory.queues, name, [](const mq::QueueListing& queue) { return queue.spec.name; });
    return found == inventory.queues.end() ? nullptr : &*found;
}

std::vector<BindingInfo> all_bindings(const std::optional<Management>& management,
                                      mq::Broker& broker) {
    if (management) return management->bindings();
    std::vector<BindingInfo> all;
    if (auto told = broker.topology()->inventory())
        for (auto& binding : told->bindings)
            all.push_back({std::move(binding.exchange), std::move(binding.queue), true,
                           std::move(binding.pattern)});
    return all;
}

}  // namespace

std::string_view to_string(QueueSource source) noexcept {
    switch (source) {
        case QueueSource::management:
            return "management";
        case QueueSource::amqp:
            return "amqp";
        case QueueSource::broker:
            return "broker";
        case QueueSource::both:
            break;
    }
    return "management+amqp";
}

QueueSurvey survey_queues(const std::optional<Management>& management, mq::Broker& broker) {
    QueueSurvey survey;
    if (!management) {
        const auto told = broker.topology()->inventory();
        if (!told) throw Error(Reason::unreachable, "this broker cannot list its queues");
        for (const auto& queue : told->queues)
            survey.queues.push_back({info_of(queue), QueueSource::broker});
        return survey;
    }
    for (auto& queue : management->queues())
        survey.queues.push_back({std::move(queue), QueueSource::management});
    std::ranges::sort(survey.queues, {}, [](const QueueReport& report) -> const std::string& {
        return report.queue.name;
    });
    complete_counts(survey, broker);
    return survey;
}

QueueSurvey survey_queues(const std::optional<Management>& management, mq::Broker& broker,
                          const std::vector<std::string>& names) {
    QueueSurvey survey;
    const auto topology = broker.topology();
    const auto told_all = management ? std::nullopt : topology->inventory();
    for (const auto& name : names) {
        // The listing also has those that are another connection's own.
        if (const auto* listed = told_all ? find(*told_all, name) : nullptr) {
            survey.queues.push_back({info_of(*listed), QueueSource::broker});
            continue;
        }
        mq::QueueState now;
        try {
            now = topology->check_queue(name);
        } catch (const Error& error) {
            if (error.kind() != ErrorKind::not_found) throw;
            // Another connection's own is there all the same.
            if (auto told = ask_management(management, name, survey.degraded))
                survey.queues.push_back({std::move(*told), QueueSource::management});
            else
                survey.missing.push_back(error);
            continue;
        }
        auto told = ask_management(management, name, survey.degraded);
        QueueReport report;
        report.source = told ? QueueSource::both : QueueSource::amqp;
        if (told) report.queue = std::move(*told);
        report.queue.name = name;
        report.queue.ready = now.ready;
        report.queue.consumers = now.consumers;
        survey.queues.push_back(std::move(report));
    }
    return survey;
}

void add_bindings(QueueSurvey& survey, const std::optional<Management>& management,
                  mq::Broker& broker) {
    if (survey.queues.empty() || !survey.degraded.empty()) return;
    std::map<std::string, std::vector<BindingInfo>> found;
    try {
        for (auto& binding : all_bindings(management, broker))
            if (binding.to_queue && !binding.exchange.empty())
                found[binding.destination].push_back(std::move(binding));
    } catch (const Error& error) {
        if (!management || error.kind() != ErrorKind::unreachable) throw;
        survey.degraded = error.what();
        return;
    }
    for (auto& report : survey.queues) {
        auto& bindings = report.bindings.emplace(found[report.queue.name]);
        std::ranges::sort(bindings, {}, [](const BindingInfo& binding) {
            return std::tie(binding.exchange, binding.pattern);
        });
    }
}

}  // namespace airy::inspect
