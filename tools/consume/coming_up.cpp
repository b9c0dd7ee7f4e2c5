// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "consume/coming_up.hpp"

#include <fmt/core.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <exception>
#include <memory>
#include <utility>

#include "inspect/control_server.hpp"
#include "util/duration.hpp"
#include "util/error.hpp"
#include "util/fd.hpp"

namespace airy::tools::consume {
namespace {

using boost::asio::posix::stream_descriptor;

// Shared by the completion handlers, one of which may come late.
struct Arrival {
    bool up = false;
    bool interrupted = false;
    bool late = false;
    bool drained = false;
    std::exception_ptr failure{};

    bool over() const noexcept { return up || interrupted || late || drained || failure; }
};

// The consumer as operators see it before it begins.
class ConsumerComingUp final : public work::ConsumerControl {
  public:
    ConsumerComingUp(work::ConsumerStatus status, std::shared_ptr<Arrival> arrival,
                     const util::Clock& clock)
        : status_(std::move(status)),
          arrival_(std::move(arrival)),
          clock_(clock),
          began_(clock.steady()) {}

    work::ConsumerStatus status() const override {
        auto status = status_;
        if (arrival_->drained) status.state = work::ConsumerState::draining;
        status.uptime = clock_.steady() - began_;
        return status;
    }
    void resize(std::size_t) override { refuse(); }
    void pause() override { refuse(); }
    void resume() override { refuse(); }
    void drain() override { arrival_->drained = true; }
    std::size_t cancel(std::string_view, work::AfterCancel) override { return 0; }

  private:
    [[noreturn]] static void refuse() {
        throw Error(ErrorKind::general, "the consumer is still starting its workers",
                    "it can be drained meanwhile");
    }

    const work::ConsumerStatus status_;
    const std::shared_ptr<Arrival> arrival_;
    const util::Clock& clock_;
    const util::SteadyTime began_;
};

}  // namespace

bool come_up(boost::asio::io_context& loop, work::Timers& timers, work::Handler& handler,
             const ComingUp& limits) {
    const auto arrival = std::make_shared<Arrival>();
    boost::asio::co_spawn(loop, handler.come_up(), [arrival](const std::exception_ptr& failure) {
        arrival->up = !failure;
        arrival->failure = failure;
    });
    stream_descriptor interrupt(loop, util::duplicate(limits.interrupt_fd).release());
    interrupt.async_wait(stream_descriptor::wait_read,
                         [arrival](const auto& error) { arrival->interrupted = !error; });
    const auto alarm = timers.make([arrival] { arrival->late = true; });
    if (limits.patience) alarm->set(timers.clock().steady() + *limits.patience);
    loop.poll();
    ConsumerComingUp consumer(limits.status, arrival, timers.clock());
    std::optional<inspect::ControlServer> control;
    if (!arrival->over()) try {
            control.emplace(loop, limits.status.name, consumer);
        } catch (const Error&) {
            // Told when the consumer itself cannot be asked.
        }
    while (!arrival->over() && loop.run_one() > 0) {
    }
    if (arrival->drained) loop.poll();  // the answer to the operator
    if (arrival->failure) std::rethrow_exception(arrival->failure);
    if (arrival->up) return true;
    if (arrival->interrupted)
        throw Error(Reason::interrupted, "asked to stop while the handler was coming up");
    if (arrival->late)
        throw Error(ErrorKind::timeout,
                    fmt::format("no message was taken: after {} the workers are not ready yet",
                                util::format_duration(*limits.patience)));
    return false;
}

void end_all(boost::asio::io_context& loop, work::Handler& handler) {
    handler.begin_no_more();
    handler.ask_to_stop();
    while (!handler.at_rest() && loop.run_one() > 0) {
    }
}

void with_handler(boost::asio::io_context& loop, work::Handler& handler,
                  const std::function<void()>& step) {
    try {
        step();
    } catch (...) {
        end_all(loop, handler);
        throw;
    }
}

}  // namespace airy::tools::consume
