// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "inspect/queues.hpp"

#include <algorithm>
#include <memory>
#include <optional>

#include "util/error.hpp"

namespace airy::inspect {
namespace {

// What the management API says of one queue. Once it has not answered it is not asked again:
// each time could take the whole deadline.
std::optional<QueueInfo> ask_management(const Management& management, const std::string& name,
                                        std::string& degraded) {
    if (!degraded.empty()) return std::nullopt;
    try {
        return management.queue(name);
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

}  // namespace

std::string_view to_string(QueueSource source) noexcept {
    switch (source) {
        case QueueSource::management:
            return "management";
        case QueueSource::amqp:
            return "amqp";
        case QueueSource::both:
            break;
    }
    return "management+amqp";
}

QueueSurvey survey_queues(const Management& management, mq::Broker& broker) {
    QueueSurvey survey;
    for (auto& queue : management.queues())
        survey.queues.push_back({std::move(queue), QueueSource::management});
    std::ranges::sort(survey.queues, {}, [](const QueueReport& report) -> const std::string& {
        return report.queue.name;
    });
    complete_counts(survey, broker);
    return survey;
}

QueueSurvey survey_queues(const Management& management, mq::Broker& broker,
                          const std::vector<std::string>& names) {
    QueueSurvey survey;
    const auto topology = broker.topology();
    for (const auto& name : names) {
        const auto now = topology->check_queue(name);
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

}  // namespace airy::inspect
