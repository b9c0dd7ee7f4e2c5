// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "work/timers.hpp"

#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <utility>

namespace airy::work {
namespace {

class LoopTimer final : public Timer {
  public:
    LoopTimer(boost::asio::io_context& loop, std::function<void()> ring)
        : timer_(loop), armed_(std::make_shared<Armed>(Armed{std::move(ring)})) {}

    void set(util::SteadyTime at) override {
        timer_.expires_at(at);
        // A completion handler of an earlier time may be queued already, and outlive this timer.
        timer_.async_wait([weak = std::weak_ptr(armed_),
                           turn = ++armed_->turn](const boost::system::error_code& error) {
            const auto armed = weak.lock();
            if (!error && armed && armed->turn == turn) armed->ring();
        });
    }
    void cancel() override {
        ++armed_->turn;
        timer_.cancel();
    }

  private:
    struct Armed {
        std::function<void()> ring;
        std::uint64_t turn = 0;  // of the latest set or cancel
    };
    boost::asio::steady_timer timer_;
    std::shared_ptr<Armed> armed_;  // pending completion handlers read it
};

}  // namespace

std::unique_ptr<Timer> LoopTimers::make(std::function<void()> ring) {
    return std::make_unique<LoopTimer>(loop_, std::move(ring));
}

}  // namespace airy::work
