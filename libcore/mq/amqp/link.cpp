// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/amqp/link.hpp"

#include <utility>

#include "mq/amqp/reconnect_pauses.hpp"
#include "util/error.hpp"

namespace airy::mq::amqp {
namespace {

struct Failure {
    bool permanent = false;
    bool nobody_listens = false;
};

Failure examine(const std::exception_ptr& failure) {
    try {
        std::rethrow_exception(failure);
    } catch (const Error& error) {
        return {error.permanent(), error.reason() == Reason::nobody_listens};
    } catch (const std::exception&) {  // such as too few threads: may pass
        return {};
    }
}

}  // namespace

Link::Link(const Endpoint& endpoint, Prepare prepare)
    : endpoint_(endpoint),
      prepare_(std::move(prepare)),
      connection_(std::make_unique<Connection>(endpoint_)) {
    prepare_(*connection_);
}

bool Link::renew(std::exception_ptr loss, ServiceThread& service, const Report& report) {
    if (!renewable() || examine(loss).permanent) std::rethrow_exception(loss);
    service.watch(-1);
    next_host_ = connection_->host() + 1;
    connection_.reset();
    ReconnectPauses pauses(endpoint_.reconnect, std::chrono::steady_clock::now(),
                           std::random_device()());
    auto failure = std::move(loss);
    while (true) {
        const auto attempt = pauses.attempts();
        const auto pause =
            pauses.next(examine(failure).nobody_listens, std::chrono::steady_clock::now());
        if (!pause) std::rethrow_exception(failure);
        report({failure, *pause, attempt});
        if (!service.sleep(*pause)) return false;
        if (connect_again(service, failure)) return true;
        if (service.closing()) return false;
        if (examine(failure).permanent) std::rethrow_exception(failure);
    }
}

bool Link::connect_again(ServiceThread& service, std::exception_ptr& failure) {
    try {
        connection_ = std::make_unique<Connection>(endpoint_, next_host_++, service.stop_fd());
        service.watch(connection_->socket());
        prepare_(*connection_);
        return true;
    } catch (const std::exception&) {
        failure = std::current_exception();
        service.watch(-1);
        connection_.reset();
        return false;
    }
}

}  // namespace airy::mq::amqp
