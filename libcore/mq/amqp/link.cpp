// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/amqp/link.hpp"

#include <utility>

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
      connection_(std::make_unique<Connection>(endpoint_)),
      connected_at_(util::steady_now()) {
    prepare_(*connection_);
}

bool Link::renew(std::exception_ptr loss, ServiceThread& service, const Report& report) {
    if (!renewable() || examine(loss).permanent) std::rethrow_exception(loss);
    service.watch(-1);
    next_host_ = connection_->host() + 1;
    connection_.reset();
    if (util::steady_now() - connected_at_ > endpoint_.reconnect.longest_delay) progressed();
    if (!pauses_) pauses_.emplace(endpoint_.reconnect, util::steady_now(), std::random_device()());
    auto failure = std::move(loss);
    std::uint64_t failed_attempt = 0;
    while (true) {
        const auto pause = pauses_->next(examine(failure).nobody_listens, util::steady_now());
        if (!pause) std::rethrow_exception(failure);
        report({failure, *pause, failed_attempt});
        failed_attempt = pauses_->attempts();
        if (!service.sleep(*pause)) return false;
        if (connect_again(service, failure)) return true;
        if (service.closing()) return false;
        if (examine(failure).permanent) std::rethrow_exception(failure);
    }
}

void Link::reopen_channel() {
    connection_->reopen_channel();
    prepare_(*connection_);
}

bool Link::connect_again(ServiceThread& service, std::exception_ptr& failure) {
    try {
        connection_ = std::make_unique<Connection>(endpoint_, next_host_++, service.stop_fd());
        service.watch(connection_->socket());
        prepare_(*connection_);
        connected_at_ = util::steady_now();
        return true;
    } catch (const std::exception&) {
        failure = std::current_exception();
        service.watch(-1);
        connection_.reset();
        return false;
    }
}

}  // namespace airy::mq::amqp
