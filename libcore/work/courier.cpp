// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "work/courier.hpp"

#include <fmt/core.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "util/fd.hpp"
#include "util/log.hpp"
#include "util/text.hpp"

namespace airy::work {
namespace asio = boost::asio;
using asio::posix::stream_descriptor;
using boost::system::error_code;

Courier::Courier(asio::io_context& loop, mq::Broker& broker, pool::Recorder& confirm_times)
    : loop_(loop),
      broker_(broker),
      confirm_times_(confirm_times),
      blocking_(1),
      changed_(loop, asio::steady_timer::time_point::max()) {}

Courier::~Courier() {
    close(std::chrono::milliseconds(0));
    blocking_.join();
}

asio::awaitable<void> Courier::until_changed() {
    error_code ignored;
    co_await changed_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

asio::awaitable<std::optional<Error>> Courier::send(event::Message copy, mq::QueueSpec into) {
    ++open_;
    std::optional<Error> error;
    try {
        Fate fate = Fate::unroutable;
        // Once more when the queue was deleted since it was declared.
        for (int i = 0; i < 2 && fate == Fate::unroutable; ++i) {
            if (i > 0) ready_.erase(into.name);
            co_await make_ready(into);
            fate = co_await publish(copy);
        }
        if (fate == Fate::lost)
            error.emplace(ErrorKind::unreachable, "the connection was lost before the confirm");
        else if (fate != Fate::confirmed)
            error.emplace(ErrorKind::undelivered,
                          fmt::format("the queue '{}' did not take it", into.name));
    } catch (const Error& thrown) {
        error = thrown;
    } catch (const std::exception& thrown) {
        error.emplace(ErrorKind::general, thrown.what());
    }
    --open_;
    co_return error;
}

asio::awaitable<void> Courier::make_ready(const mq::QueueSpec& into) {
    while (preparing_)
        co_await until_changed();
    if (closed_) throw Error(ErrorKind::unreachable, "the connection is closed");
    if (publisher_ && ready_.contains(into.name)) co_return;
    preparing_ = true;
    std::exception_ptr failure;
    try {
        if (!publisher_) {
            auto publisher = co_await asio::co_spawn(blocking_, connect(), asio::use_awaitable);
            // Kept only once it is watched: an outcome that nobody takes is waited for for ever.
            auto copy = util::duplicate(publisher->event_fd());
            events_.emplace(loop_, copy.get());
            copy.release();
            publisher_ = std::move(publisher);
            asio::co_spawn(loop_, watch(publisher_), asio::detached);
        }
        if (!ready_.contains(into.name)) {
            co_await asio::co_spawn(blocking_, declare(into), asio::use_awaitable);
            ready_.insert(into.name);
        }
    } catch (...) {
        failure = std::current_exception();
    }
    preparing_ = false;
    changed_.cancel();
    if (failure) std::rethrow_exception(failure);
}

// Both on the thread for what blocks.
asio::awaitable<std::shared_ptr<mq::Publisher>> Courier::connect() {
    co_return broker_.publisher({});
}
asio::awaitable<void> Courier::declare(mq::QueueSpec into) {
    broker_.topology()->declare_queue(into);
    co_return;
}

asio::awaitable<Courier::Fate> Courier::publish(event::Message copy) {
    std::uint64_t sequence = 0;
    const auto publisher = publisher_;
    while (publisher && publisher_ == publisher && (sequence = publisher->try_submit(copy)) == 0)
        co_await until_changed();
    if (sequence == 0) co_return Fate::lost;
    sent_.emplace(sequence, Sent{util::steady_now()});
    while (publisher_ == publisher && sent_.at(sequence).fate == Fate::open)
        co_await until_changed();
    if (publisher_ != publisher) co_return Fate::lost;
    const Fate fate = sent_.at(sequence).fate;
    sent_.erase(sequence);
    co_return fate;
}

asio::awaitable<void> Courier::watch(std::shared_ptr<mq::Publisher> publisher) {
    while (publisher_ == publisher) {
        error_code ended;
        co_await events_->async_wait(stream_descriptor::wait_read,
                                     asio::redirect_error(asio::use_awaitable, ended));
        if (ended) co_return;
        for (const auto& event : publisher->take())
            take(event);
        changed_.cancel();
    }
}

void Courier::take(const mq::PublisherEvent& event) {
    const auto settle = [this](std::uint64_t sequence, Fate fate) {
        const auto found = sent_.find(sequence);
        if (found == sent_.end()) return;
        found->second.fate = fate;
        if (fate == Fate::confirmed) confirm_times_.record(util::steady_now() - found->second.at);
    };
    if (const auto* confirmed = std::get_if<mq::Confirmed>(&event))
        settle(confirmed->sequence, Fate::confirmed);
    else if (const auto* unroutable = std::get_if<mq::Unroutable>(&event))
        settle(unroutable->sequence, Fate::unroutable);
    else if (const auto* refused = std::get_if<mq::Refused>(&event))
        settle(refused->sequence, Fate::refused);
    else if (const auto* blocked = std::get_if<mq::Blocked>(&event))
        util::log_warn("the broker blocks publishers; what failed waits here",
                       {{"reason", blocked->reason}});
    else if (std::holds_alternative<mq::Unblocked>(event))
        util::log_info("the broker takes messages again");
    else if (std::holds_alternative<mq::Lost>(event))
        lose();
}

// The next send connects anew.
void Courier::lose() {
    publisher_.reset();
    events_.reset();
    sent_.clear();
    changed_.cancel();
}

void Courier::close(std::chrono::milliseconds deadline) {
    if (std::exchange(closed_, true)) return;
    if (publisher_) publisher_->close(deadline);
    lose();
}

}  // namespace airy::work
