// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "top/collector.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>

#include "settings.hpp"
#include "util/error.hpp"
#include "util/fd.hpp"
#include "util/limits.hpp"
#include "util/text.hpp"

namespace airy::tools::top {
namespace {

constexpr auto interval = std::chrono::seconds(1);

std::string who(const inspect::Consumer& consumer) {
    return fmt::format("{} ({})", util::printable(consumer.name), consumer.pid);
}

// Carries the order out and returns its result as text.
std::string carry_out(const Order& order) {
    using inspect::ControlOperation;
    try {
        if (order.operation != ControlOperation::resize) {
            const auto status = inspect::control(order.consumer, order.operation);
            return fmt::format("{}: {}, {} running", who(order.consumer),
                               work::to_string(status.state), status.running);
        }
        // Starts from the current size, so that quick key presses add up.
        const auto before = inspect::control(order.consumer, ControlOperation::status);
        const auto size = std::clamp(static_cast<int>(before.cap) + order.slots, 1,
                                     static_cast<int>(most_pool_size));
        const auto status = inspect::control(order.consumer, ControlOperation::resize,
                                             static_cast<std::size_t>(size));
        return fmt::format("{}: cap {}, {} running", who(order.consumer), status.cap,
                           status.running);
    } catch (const Error& error) {
        return error.what();
    }
}

}  // namespace

struct Collector::Shared {
    stats::Selection selection;
    mq::Endpoint endpoint;
    util::Wakeup wakeup;

    std::mutex mutex;  // guards all below
    std::condition_variable changed;
    News news;
    std::vector<inspect::Consumer> known;  // as of the last look
    std::deque<Order> orders;
    bool poked = false;
    bool stopping = false;
    int threads = 0;  // that still run

    void look_at_pools();
    void look_at_queues();
    void carry_out_orders();
};

// A look that fails now may succeed in a second.
void Collector::Shared::look_at_pools() {
    std::unique_lock lock(mutex);
    while (!stopping) {
        const auto next = std::chrono::steady_clock::now() + interval;
        lock.unlock();
        std::optional<std::vector<inspect::Consumer>> consumers;
        std::string problem;
        try {
            consumers = inspect::list_consumers();
        } catch (const std::exception& error) {
            problem = error.what();
        }
        lock.lock();
        if (consumers) {
            known = *consumers;
            news.consumers = std::move(consumers);
        } else {
            news.messages.push_back(problem);
        }
        wakeup.signal();
        changed.wait_until(lock, next, [this] { return stopping || poked; });
        poked = false;
    }
}

void Collector::Shared::look_at_queues() {
    std::unique_lock lock(mutex);
    while (!stopping) {
        const auto next = std::chrono::steady_clock::now() + interval;
        const auto consumers = known;
        lock.unlock();
        stats::Snapshot snapshot;
        bool told = true;
        try {
            stats::add_queues(
                selection, endpoint, [&consumers] { return consumers; }, snapshot);
        } catch (const std::exception& error) {
            told = false;
            snapshot.notes.push_back(error.what());
        }
        lock.lock();
        if (told) news.queues = std::move(snapshot.queues);
        news.queue_notes = std::move(snapshot.notes);
        wakeup.signal();
        changed.wait_until(lock, next, [this] { return stopping; });
    }
}

void Collector::Shared::carry_out_orders() {
    std::unique_lock lock(mutex);
    while (true) {
        changed.wait(lock, [this] { return stopping || !orders.empty(); });
        if (stopping) return;
        const auto order = std::move(orders.front());
        orders.pop_front();
        lock.unlock();
        auto message = carry_out(order);
        lock.lock();
        news.messages.push_back(std::move(message));
        poked = true;
        changed.notify_all();
        wakeup.signal();
    }
}

Collector::Collector(stats::Selection selection, mq::Endpoint endpoint)
    : shared_(std::make_shared<Shared>()) {
    shared_->selection = std::move(selection);
    shared_->endpoint = std::move(endpoint);
    for (const auto work :
         {&Shared::look_at_pools, &Shared::look_at_queues, &Shared::carry_out_orders}) {
        {
            const std::lock_guard lock(shared_->mutex);
            ++shared_->threads;
        }
        util::start_thread([shared = shared_, work] {
            ((*shared).*work)();
            const std::lock_guard lock(shared->mutex);
            --shared->threads;
            shared->changed.notify_all();
        }).detach();
    }
}

Collector::~Collector() {
    stop(std::chrono::milliseconds(0));
}

int Collector::fd() const noexcept {
    return shared_->wakeup.fd();
}

News Collector::take() {
    shared_->wakeup.clear();
    const std::lock_guard lock(shared_->mutex);
    return std::exchange(shared_->news, {});
}

void Collector::give(Order order) {
    const std::lock_guard lock(shared_->mutex);
    shared_->orders.push_back(std::move(order));
    shared_->changed.notify_all();
}

bool Collector::stop(std::chrono::milliseconds patience) {
    std::unique_lock lock(shared_->mutex);
    shared_->stopping = true;
    shared_->changed.notify_all();
    return shared_->changed.wait_for(lock, patience, [this] { return shared_->threads == 0; });
}

}  // namespace airy::tools::top
