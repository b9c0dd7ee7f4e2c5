// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "consume/coming_up.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <exception>
#include <memory>

#include "util/error.hpp"
#include "util/fd.hpp"

namespace airy::tools::consume {
namespace {

using boost::asio::posix::stream_descriptor;

// Shared by the completion handlers, one of which may come late.
struct Arrival {
    bool up = false;
    bool interrupted = false;
    std::exception_ptr failure{};
};

void end_all(boost::asio::io_context& loop, work::Handler& handler) {
    handler.begin_no_more();
    handler.ask_to_stop();
    while (!handler.at_rest() && loop.run_one() > 0) {
    }
}

}  // namespace

void come_up(boost::asio::io_context& loop, work::Handler& handler, int interrupt_fd) {
    const auto arrival = std::make_shared<Arrival>();
    boost::asio::co_spawn(loop, handler.come_up(), [arrival](const std::exception_ptr& failure) {
        arrival->up = !failure;
        arrival->failure = failure;
    });
    stream_descriptor interrupt(loop, util::duplicate(interrupt_fd).release());
    interrupt.async_wait(stream_descriptor::wait_read,
                         [arrival](const auto& error) { arrival->interrupted = !error; });
    while (!arrival->up && !arrival->interrupted && !arrival->failure && loop.run_one() > 0) {
    }
    if (arrival->failure) std::rethrow_exception(arrival->failure);
    if (!arrival->up)
        throw Error(Reason::interrupted, "asked to stop while the handler was coming up");
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
