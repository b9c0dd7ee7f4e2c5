// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <exception>
#include <functional>
#include <memory>
#include <optional>

#include "mq/amqp/connection.hpp"
#include "mq/amqp/reconnect_pauses.hpp"
#include "mq/amqp/service.hpp"

namespace airy::mq::amqp {

// One connection after the other to the same broker. The constructor's thread makes the first; from
// then on the link belongs to the service thread.
class Link {
  public:
    // Prepares each new connection before it is used; may throw.
    using Prepare = std::function<void(Connection&)>;
    using Report = std::function<void(Interrupted)>;

    // Connects. Throws Error{unreachable}, and the errors of `prepare`.
    Link(const Endpoint& endpoint, Prepare prepare);

    // The connection; there is none after renew has returned false or thrown.
    Connection& operator*() const noexcept { return *connection_; }
    Connection* operator->() const noexcept { return connection_.get(); }

    bool renewable() const noexcept { return endpoint_.reconnect.enabled; }

    // Makes a new connection after the loss of the old one. Reports before each pause. Returns
    // false when the service is closing. Throws the last failure when it is permanent or the policy
    // allows no further attempt. Its limits and pauses go on from the loss before, unless there was
    // progress since, or the connection held for longer than the longest pause.
    bool renew(std::exception_ptr loss, ServiceThread& service, const Report& report);

    // The connection achieved something.
    void progressed() noexcept { pauses_.reset(); }

    // Opens and prepares the channel anew on the same connection, after the broker has closed it.
    // Throws Error{unreachable}, and the errors of `prepare`.
    void reopen_channel();

  private:
    bool connect_again(ServiceThread& service, std::exception_ptr& failure);

    const Endpoint endpoint_;
    const Prepare prepare_;
    std::size_t next_host_ = 0;
    std::unique_ptr<Connection> connection_;
    util::SteadyTime connected_at_;
    std::optional<ReconnectPauses> pauses_;  // since the last progress
};

}  // namespace airy::mq::amqp
