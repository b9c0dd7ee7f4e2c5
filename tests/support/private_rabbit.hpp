// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

namespace airy::test {

// A RabbitMQ node for one test that stops, kills or starves it: tests/support/rabbit, whose path is
// AIRY_RABBIT_SCRIPT. Started by the constructor, gone with the object, and with the process.
class PrivateRabbit {
  public:
    PrivateRabbit();
    ~PrivateRabbit();
    PrivateRabbit(const PrivateRabbit&) = delete;
    PrivateRabbit& operator=(const PrivateRabbit&) = delete;

    const std::string& url() const noexcept { return url_; }

    void stop() const;  // in an orderly way: clients are told
    void kill() const;  // as a crash would
    // Until a quorum queue will outlive a kill: RabbitMQ 3.10 writes down that there is one about
    // half a second after it was declared, and starts it empty and without a leader otherwise.
    void wait_until_kept(const std::string& queue) const;
    void restart() const;  // on the same port, with the same data
    void freeze() const;   // SIGSTOP: the connections stay, nobody serves them
    void thaw() const;
    void ctl(const std::string& arguments) const;  // rabbitmqctl

  private:
    void script(const std::string& arguments) const;
    int pid() const;

    std::string directory_;
    std::string url_;
};

}  // namespace airy::test
