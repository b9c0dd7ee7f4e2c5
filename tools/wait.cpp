// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include <fmt/core.h>
#include <poll.h>

#include <chrono>
#include <optional>

#include "command.hpp"
#include "hints.hpp"
#include "mq/broker.hpp"
#include "options.hpp"
#include "output/stream.hpp"
#include "util/error.hpp"
#include "util/signals.hpp"

namespace airy::tools {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::milliseconds between_tries{250};

class Wait final : public Command {
  public:
    void add_options(cli::App& app) override;
    int run() override;

  private:
    void try_once(const mq::Endpoint& endpoint);

    std::chrono::nanoseconds patience_ = std::chrono::seconds(60);
    std::vector<std::string> queues_;
    std::string awaited_;  // the queue looked for last
    BrokerOptions broker_;
};

void Wait::add_options(cli::App& app) {
    app.option("QUEUE,--queue", queues_, "also until these queues are there").type_name("QUEUE");
    app.duration("--for,--timeout", patience_, "give up with exit 5 after this long; default 1m");
    broker_.add(app);
}

void Wait::try_once(const mq::Endpoint& endpoint) {
    const auto topology = mq::connect(endpoint)->topology();
    for (const auto& queue : queues_) {
        awaited_ = queue;
        topology->check_queue(queue);
    }
    if (!common_options().quiet)
        output::print(fmt::format("{} at {} is ready\n", topology->server(),
                                  output::shown_line(mq::masked_url(endpoint.url))));
}

int Wait::run() {
    if (patience_ <= std::chrono::nanoseconds(0))
        throw Error(ErrorKind::usage, "--for must be longer than 0s",
                    "airy ping looks once and does not wait");
    util::SignalFd signals;
    auto endpoint = broker_.endpoint("wait");
    endpoint.interrupt_fd = signals.fd();
    const auto deadline = steady_clock::now() + patience_;
    std::optional<Error> last_error;
    for (;;) {
        const auto left =
            std::chrono::ceil<std::chrono::milliseconds>(deadline - steady_clock::now());
        if (left.count() <= 0) break;
        endpoint.connect_timeout = std::min(endpoint.connect_timeout, left);
        try {
            try_once(endpoint);
            return 0;
        } catch (const Error& error) {
            // A missing queue may still be declared; a refusal will not change. A signal that ended
            // the attempt is taken below.
            const bool waits_for = error.kind() == ErrorKind::not_found ||
                                   error.reason() == Reason::interrupted ||
                                   (error.kind() == ErrorKind::unreachable && !error.permanent());
            if (!waits_for) throw;
            last_error = error;
        }
        pollfd waiting{signals.fd(), POLLIN, 0};
        ::poll(&waiting, 1, static_cast<int>(std::min(between_tries, left).count()));
        if (const auto signal = signals.take()) return 128 + *signal;
    }
    const auto waited =
        fmt::format("not ready after {} s", std::chrono::duration<double>(patience_).count());
    if (!last_error) throw Error(ErrorKind::timeout, waited);
    throw Error(ErrorKind::timeout, fmt::format("{}: {}", waited, last_error->what()),
                last_error->kind() == ErrorKind::not_found
                    ? fmt::format("airy queue declare {} makes it; so does a consumer of it",
                                  shell_word(awaited_))
                    : "airy ping tells more; --for waits longer");
}

}  // namespace

std::unique_ptr<Command> make_wait() {
    return std::make_unique<Wait>();
}

}  // namespace airy::tools
