// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstddef>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "work/child.hpp"
#include "work/observer.hpp"

namespace airy::work {

// Runs a command for each message that a consumer has given up, once its dead letter is safe or it
// is discarded: for an alarm, or a ticket. The body is its stdin; its environment has the variables
// of a handler, and AIRY_ERROR and AIRY_EXIT. Up to four run at once, each a minute at most; a
// failure is logged. Loop thread only.
class DeathCommand final : public ConsumerObserver {
  public:
    // All outlive this. What the command writes goes to `err`.
    DeathCommand(boost::asio::io_context& loop, Timers& timers, Command command, OutputStream& err);

    void failed(const mq::Delivered& delivered, const HandlerResult& result,
                const Decision& decision) override;
    void concluded(const mq::Delivered& delivered, Conclusion conclusion, const Course&) override;

    // After the consumer's end: runs the loop until every command has ended; after `limit` kills
    // the rest.
    void finish(std::chrono::nanoseconds limit);

  private:
    struct Failure {
        std::string error;
        std::string exit;
    };
    struct Death {
        std::string body;
        std::vector<std::string> environment;
    };
    boost::asio::awaitable<void> run_waiting();
    void end_loop_when_done();

    boost::asio::io_context& loop_;
    Timers& timers_;
    CommandRunner runner_;
    std::map<mq::DeliveryHandle, Failure> failures_;  // given up, without a conclusion yet
    std::deque<Death> waiting_;
    std::size_t active_ = 0;  // coroutines that run commands
    bool finishing_ = false;
};

}  // namespace airy::work
