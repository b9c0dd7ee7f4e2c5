// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "consume/status_signal.hpp"

#include <fmt/core.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <string>
#include <utility>

#include "inspect/consumer_json.hpp"
#include "options.hpp"
#include "util/duration.hpp"
#include "util/text.hpp"

namespace airy::tools::consume {
namespace {

namespace asio = boost::asio;
using asio::posix::stream_descriptor;

std::string status_line(const work::ConsumerStatus& status) {
    if (common_options().log_format == "json") return inspect::to_json(status) + "\n";
    const auto up = std::chrono::floor<std::chrono::seconds>(status.uptime);
    return fmt::format(
        "airy: {} ({}): {} for {}, {} of {} slots taken, {} waiting, {} in flight; {} handled, {} "
        "failed, {} retried, {} dead-lettered, {} discarded\n",
        util::printable(status.name), status.pid, work::to_string(status.state),
        util::format_duration(up), status.running, status.cap, status.waiting, status.in_flight,
        status.handled, status.failed, status.retried, status.dead_lettered, status.discarded);
}

// The coroutine owns the descriptor, and goes with the loop.
asio::awaitable<void> write_lines(stream_descriptor come, const work::ConsumerControl& consumer,
                                  work::OutputStream& err) {
    while (true) {
        boost::system::error_code ended;
        co_await come.async_wait(stream_descriptor::wait_read,
                                 asio::redirect_error(asio::use_awaitable, ended));
        if (ended) co_return;
        signalfd_siginfo info;
        while (::read(come.native_handle(), &info, sizeof info) > 0) {
        }
        err.write(status_line(consumer.status()));
    }
}

}  // namespace

StatusSignal::StatusSignal() {
    sigset_t mask;
    sigemptyset(&mask);
    sigaddset(&mask, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &mask, nullptr);
    fd_.reset(::signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK));
}

void StatusSignal::serve(asio::io_context& loop, const work::ConsumerControl& consumer,
                         work::OutputStream& err) {
    if (!fd_) return;
    stream_descriptor come(loop, fd_.release());
    asio::co_spawn(loop, write_lines(std::move(come), consumer, err), asio::detached);
}

}  // namespace airy::tools::consume
