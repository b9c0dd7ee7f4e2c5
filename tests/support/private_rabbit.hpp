// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace airy::test {

// A RabbitMQ node for one test that stops, kills or starves it: tests/support/rabbit, whose path is
// AIRY_RABBIT_SCRIPT. The constructor starts the node; it ends with the object, or with the
// process.
class PrivateRabbit {
  public:
    PrivateRabbit();
    ~PrivateRabbit();
    PrivateRabbit(const PrivateRabbit&) = delete;
    PrivateRabbit& operator=(const PrivateRabbit&) = delete;

    const std::string& url() const noexcept { return url_; }

    void stop() const;  // in an orderly way: the broker closes connections
    void kill() const;  // as a crash would
    // Waits until a quorum queue survives a kill: RabbitMQ 3.10 writes a declared queue to disk
    // about half a second later, and otherwise restarts it empty and without a leader.
    void wait_until_kept(const std::string& queue) const;
    void restart() const;  // on the same port, with the same data
    void freeze() const;   // SIGSTOP: the connections stay, but are not served
    void thaw() const;
    void ctl(const std::string& arguments) const;  // rabbitmqctl

  private:
    void script(const std::string& arguments) const;
    int pid() const;

    std::string directory_;
    std::string url_;
};

}  // namespace airy::test
