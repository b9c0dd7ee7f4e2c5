// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <utility>

#include "mq/broker.hpp"
#include "mq/embedded/broker.hpp"
#include "mq/outcome.hpp"
#include "tests/support/temporary_directory.hpp"

// A real broker in one file, whose work queues are made of copies.
namespace airy::test {

class FileBroker {
  public:
    mq::Broker& operator*() const { return *broker_; }
    mq::Broker* operator->() const { return broker_.get(); }

    void declare(const std::string& name) const {
        mq::QueueSpec spec;
        spec.name = name;
        broker_->topology()->declare_queue(spec);
    }

    // Publishes straight into a queue.
    void push(const std::string& queue, const std::string& body, int times = 1) const {
        event::Message message;
        message.topic = queue;
        message.body = body;
        publish(std::move(message), times);
    }

    void publish(event::Message message, int times = 1) const {
        const auto publisher = broker_->publisher({});
        int open = 0;
        const auto take = [&] {
            mq::take_outcomes(*publisher, [&](const mq::Outcome& outcome) {
                REQUIRE(outcome.delivered());
                --open;
            });
        };
        for (int i = 0; i < times; ++i, ++open) {
            auto copy = message;
            while (publisher->try_submit(copy) == 0)
                take();
        }
        while (open > 0)
            take();
    }

    std::uint64_t ready(const std::string& queue) const {
        return broker_->topology()->check_queue(queue).ready;
    }

  private:
    static mq::Endpoint endpoint_in(const std::string& directory) {
        mq::Endpoint endpoint;
        endpoint.url = "sqlite:" + directory + "/broker.db";
        return endpoint;
    }

    TemporaryDirectory directory_;
    std::unique_ptr<mq::Broker> broker_ =
        std::make_unique<mq::embedded::EmbeddedBroker>(endpoint_in(directory_.path()));
};

}  // namespace airy::test
