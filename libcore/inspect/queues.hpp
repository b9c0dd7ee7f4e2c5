// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "inspect/management.hpp"
#include "mq/broker.hpp"
#include "util/error.hpp"

namespace airy::inspect {

// Who told of a queue. The management API knows all about it, but its counts may be 5 s old; a
// passive declare (AMQP 0-9-1, queue.declare) knows ready and consumers as of now, and no more. A
// broker that can tell itself, such as the embedded one, knows all as of now.
enum class QueueSource { management, amqp, both, broker };

// `management`, `amqp`, `management+amqp`, `broker`: as in `stats queues --output json`.
std::string_view to_string(QueueSource source) noexcept;

struct QueueReport {
    QueueInfo queue;
    QueueSource source = QueueSource::management;
    // By exchange and pattern, without the one to the default exchange that every queue has.
    // Absent: not asked for, or nobody could tell.
    std::optional<std::vector<BindingInfo>> bindings{};
};

struct QueueSurvey {
    std::vector<QueueReport> queues;
    std::string degraded;        // why the management API did not tell; empty: it did
    std::vector<Error> missing;  // of the queues named: those that cannot be looked at, and why
};

// Every queue of the broker (with RabbitMQ, of the virtual host), by name. A broker that cannot
// tell itself needs `management`, and is asked for what that does not know yet. Throws as
// Management does, and Error{unreachable}.
QueueSurvey survey_queues(const std::optional<Management>& management, mq::Broker& broker);

// These queues in this order, ready and consumers as of now where the broker tells them: of one
// that is another connection's own only the management API does. One that is not there is no reason
// to be silent about the others: its error is in `missing`. Throws Error{unreachable} when the
// broker cannot be reached.
QueueSurvey survey_queues(const std::optional<Management>& management, mq::Broker& broker,
                          const std::vector<std::string>& names);

// Completes the reports with what their queues are bound to. The protocol cannot tell, so on
// RabbitMQ it is the management API's: where that does not answer, or has not for the survey,
// bindings stay absent and `degraded` says why. Throws Error{unreachable} as Broker does.
void add_bindings(QueueSurvey& survey, const std::optional<Management>& management,
                  mq::Broker& broker);

}  // namespace airy::inspect
