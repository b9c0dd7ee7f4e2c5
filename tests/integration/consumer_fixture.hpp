// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "mq_fixture.hpp"
#include "util/signals.hpp"
#include "work/consumer.hpp"

// A consumer of airy's on the tests' node, with a handler in this process.
namespace airy::test {

// A handler that settles each message as `judge_message` says.
class Judge final : public work::Handler {
  public:
    using Verdicts = std::function<work::Verdict(const mq::Delivered&)>;
    explicit Judge(Verdicts verdicts) : verdicts_(std::move(verdicts)) {}

    boost::asio::awaitable<void> handle(std::span<const mq::Delivered> batch,
                                        std::span<work::HandlerResult> results,
                                        pool::TaskContext&) override {
        for (std::size_t i = 0; i < batch.size(); ++i)
            results[i] = {
                .verdict = verdicts_(batch[i]), .reason = "told so", .detail = {"told so", 1}};
        co_return;
    }

  private:
    Verdicts verdicts_;
};

// Runs on a thread of its own until `stop`.
class RunningConsumer {
  public:
    // `url` names the broker; the queue is declared with its dead letters, and bound to an exchange
    // of its name.
    RunningConsumer(const std::string& url, const std::string& queue, Judge::Verdicts verdicts,
                    const std::function<void(work::ConsumerOptions&)>& adjust = {},
                    std::chrono::seconds heartbeat = 30s)
        : handler_(std::move(verdicts)) {
        auto where = endpoint(url);
        where.heartbeat = heartbeat;
        where.connect_timeout = 2s;
        broker_ = mq::connect(where);
        queue_ = broker_->open_work_queue(
            {.name = queue, .exchange = queue, .patterns = {"#"}, .prefetch = 20});
        queue_->begin();
        work::ConsumerOptions options;
        options.name = queue;
        if (adjust) adjust(options);
        consumer_.emplace(loop_, timers_, *queue_, handler_, options);
        thread_ = std::thread([this] { result_ = consumer_->run(signals_); });
    }
    ~RunningConsumer() { stop(); }

    work::ConsumerResult stop() {
        if (thread_.joinable()) {
            consumer_->drain();
            thread_.join();
        }
        return result_;
    }
    work::ConsumerStatus status() const { return consumer_->status(); }

  private:
    util::SignalFd signals_;
    Judge handler_;
    std::unique_ptr<mq::Broker> broker_;
    std::unique_ptr<mq::WorkQueue> queue_;
    boost::asio::io_context loop_{1};
    work::LoopTimers timers_{loop_};
    std::optional<work::Consumer> consumer_;
    work::ConsumerResult result_;
    std::thread thread_;
};

// Polls until the condition holds; false when the time is up.
inline bool becomes(const std::function<bool()>& holds,
                    std::chrono::milliseconds limit = patience) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while (!holds()) {
        if (std::chrono::steady_clock::now() >= deadline) return false;
        ::poll(nullptr, 0, 5);
    }
    return true;
}

// Takes all messages out of a queue; returns their bodies.
inline std::vector<std::string> drain_queue(const std::string& queue) {
    const auto broker = mq::connect(endpoint(node().url()));
    auto ready = broker->topology()->check_queue(queue).ready;
    const auto reading = subscribe(*broker, queue);
    std::vector<std::string> bodies;
    if (ready > 0)
        take_until(*reading, [&](const auto& event) {
            if (const auto* delivered = std::get_if<mq::Delivered>(&event)) {
                bodies.push_back(delivered->message.body);
                reading->settle(delivered->handle, mq::Disposition::ack);
            }
            return bodies.size() >= ready;
        });
    reading->close(patience);
    return bodies;
}

}  // namespace airy::test
