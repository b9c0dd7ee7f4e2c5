// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "work/death_command.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <utility>

#include "util/log.hpp"
#include "work/command_handler.hpp"
#include "work/exit_status.hpp"

namespace airy::work {
namespace asio = boost::asio;
namespace {

constexpr std::size_t most_at_once = 4;
// Each holds a copy of its message's body.
constexpr std::size_t most_waiting = 10'000;
constexpr ChildOptions limits{std::chrono::minutes(1), std::chrono::seconds(1)};

bool gives_up(Action action) noexcept {
    return action == Action::dead_letter || action == Action::discard;
}

}  // namespace

DeathCommand::DeathCommand(asio::io_context& loop, Timers& timers, Command command,
                           OutputStream& err)
    : loop_(loop), timers_(timers), runner_(loop, timers, std::move(command), limits, err, err) {}

void DeathCommand::failed(const mq::Delivered& delivered, const HandlerResult& result,
                          const Decision& decision) {
    if (!gives_up(decision.action)) return;
    const auto& code = result.detail.code;
    failures_[delivered.handle] = {result.reason, code ? std::to_string(*code) : std::string()};
}

void DeathCommand::concluded(const mq::Delivered& delivered, Conclusion conclusion, const Course&) {
    auto failure = failures_.extract(delivered.handle);
    if (conclusion != Conclusion::dead_letter && conclusion != Conclusion::discard) return;
    if (waiting_.size() >= most_waiting) {
        util::log_warn("too many messages are given up at once: one is not told",
                       {{"topic", delivered.message.topic}});
        return;
    }
    auto environment = message_environment(delivered);
    if (failure) {
        environment.push_back(variable("AIRY_ERROR", failure.mapped().error));
        environment.push_back(variable("AIRY_EXIT", failure.mapped().exit));
    }
    waiting_.push_back({delivered.message.body, std::move(environment)});
    if (active_ >= most_at_once) return;
    ++active_;
    asio::co_spawn(loop_, run_waiting(), asio::detached);
}

asio::awaitable<void> DeathCommand::run_waiting() {
    while (!waiting_.empty()) {
        const Death death = std::move(waiting_.front());
        waiting_.pop_front();
        const ChildRequest request{death.body, death.environment};
        const ChildResult result = co_await runner_.run(request);
        const auto judged = judge(result);
        if (judged.verdict != Verdict::success)
            util::log_warn("the command for a dead letter failed", {{"reason", judged.reason}});
    }
    --active_;
    end_loop_when_done();
}

void DeathCommand::end_loop_when_done() {
    if (finishing_ && active_ == 0) loop_.stop();
}

void DeathCommand::finish(std::chrono::nanoseconds limit) {
    if (active_ == 0) return;
    finishing_ = true;
    const auto killer = timers_.make([this] {
        if (!waiting_.empty())
            util::log_warn("some dead letters are not told: their command takes too long",
                           {{"messages", waiting_.size()}});
        waiting_.clear();
        runner_.kill_all();
    });
    killer->set(timers_.clock().steady() + limit);
    loop_.restart();
    loop_.run();
}

}  // namespace airy::work
