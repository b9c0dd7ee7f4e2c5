// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <unistd.h>

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "inspect/control_server.hpp"
#include "work/status.hpp"

namespace airy::test {

// A status of different numbers.
inline work::ConsumerStatus busy_status() {
    using namespace std::chrono_literals;
    work::ConsumerStatus status;
    status.name = "orders";
    status.pid = 4711;
    status.queue = "orders-queue";
    status.patterns = {"post.*", "comment.#"};
    status.state = work::ConsumerState::running;
    status.uptime = 61'250ms;
    status.cap = 8;
    status.running = 5;
    status.free = 3;
    status.waiting = 2;
    status.in_flight = 9;
    status.handled = 9007199254740993u;  // 2^53 + 1
    status.failed = 11;
    status.retried = 12;
    status.dead_lettered = 13;
    status.wait = {7, 1'500us, 2'500us, 3'500us, 4'500us};
    status.run = {6, 15ms, 25ms, 35ms, 45'123us};
    status.confirm = {5, 1ms, 2ms, 3ms, 4ms};
    return status;
}

// Carries out the requests of the control socket and records them; with a loop, on the loop as a
// real consumer does. Any thread.
class FakeConsumer final : public work::ConsumerControl {
  public:
    explicit FakeConsumer(std::string name = "orders", boost::asio::io_context* loop = nullptr)
        : name_(std::move(name)), loop_(loop) {}

    work::ConsumerStatus status() const override {
        auto status = busy_status();
        status.name = name_;
        status.pid = ::getpid();
        status.cap = cap_;
        status.state = state_;
        return status;
    }
    void resize(std::size_t slots) override { cap_ = slots; }
    void pause() override { become(work::ConsumerState::paused); }
    void resume() override { become(work::ConsumerState::running); }
    void drain() override { become(work::ConsumerState::draining); }
    // One handler runs, for the message m-1.
    std::size_t cancel(std::string_view id, work::AfterCancel then) override {
        cancelled = then;
        return id == "m-1" ? 1 : 0;
    }

    std::optional<work::AfterCancel> cancelled;  // of the last request

  private:
    void become(work::ConsumerState state) {
        if (loop_ == nullptr)
            state_ = state;
        else
            boost::asio::post(*loop_, [this, state] { state_ = state; });
    }

    std::string name_;
    boost::asio::io_context* loop_;
    std::atomic<std::size_t> cap_ = 8;
    std::atomic<work::ConsumerState> state_ = work::ConsumerState::running;
};

// A control server on a loop thread, as a consumer has it.
class ServedConsumer {
  public:
    explicit ServedConsumer(const std::string& name = "orders")
        : consumer(name),
          server(std::make_unique<inspect::ControlServer>(loop, name, consumer)),
          path(server->path()),
          thread([this] { loop.run(); }) {}
    ~ServedConsumer() {
        loop.stop();
        thread.join();
        server.reset();
    }

    boost::asio::io_context loop{1};
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{
        loop.get_executor()};
    FakeConsumer consumer;
    std::unique_ptr<inspect::ControlServer> server;
    std::string path;
    std::thread thread;
};

}  // namespace airy::test
