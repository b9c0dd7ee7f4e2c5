// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "work/condition.hpp"
#include "work/handler.hpp"
#include "work/start_threads.hpp"
#include "work/worker.hpp"

namespace airy::work {

// Hands each message, or each batch, to one of a set of processes that live on, as a line, and
// takes an answer for it (worker_protocol.hpp). A line waits here while no worker has room. One
// that is not to blame, such as the neighbours of one that ended its worker, is handed out again.
class WorkerHandler final : public Handler, private Worker::Set {
  public:
    // Throws Error{general} when the system cannot watch processes by pidfd, or gives no thread.
    WorkerHandler(boost::asio::io_context& loop, Timers& timers, Command command,
                  const WorkerOptions& options, OutputStream& err);
    ~WorkerHandler() override;

    // Starts the workers. One is up when its process runs, and ready if that is waited for.
    boost::asio::awaitable<void> come_up() override;
    std::size_t batch_limit() const noexcept override {
        return options_.batch ? options_.batch->most : 1;
    }
    boost::asio::awaitable<void> handle(std::span<const mq::Delivered> batch,
                                        std::span<HandlerResult> results,
                                        pool::TaskContext& context) override;
    std::size_t cancel(std::string_view id, Verdict verdict) override;
    void begin_no_more() override;
    void ask_to_stop() override;
    void kill() override;
    std::optional<HandlerEnd> end() const override;
    bool at_rest() const noexcept override;
    void when_changed(std::function<void()> changed) override { told_ = std::move(changed); }

    // The descriptors of one worker: its pidfd and the ends of three pipes.
    static constexpr std::size_t descriptors_per_worker = 4;
    // Those of a start, beside them: the other ends.
    static constexpr std::size_t descriptors_per_start = 3;

  private:
    struct Starter;

    void start(Worker& worker) override;
    void came_up(Worker& worker) override;
    void changed() override;
    std::uint64_t take_ids(std::uint64_t count) override;
    bool may_replace(const Worker& worker) override;
    void finish(WorkerJob& job, HandlerResult result) override;
    void put_back(const std::vector<WorkerLine>& lines) override;
    void fail(Error error) override;

    void serve();
    bool any_is_fit() const;
    Worker* roomiest() const;
    void resume_soon(SuspendedCalls::iterator call);
    void tell_soon();

    boost::asio::io_context& loop_;
    const WorkerOptions options_;
    OutputStream& err_;
    SplitNotice split_notice_;
    WorkerOrders orders_;
    std::shared_ptr<Starter> starter_;
    std::vector<std::shared_ptr<Worker>> workers_;
    std::deque<WorkerLine> line_;  // wait for room
    std::uint64_t last_id_ = 0;
    const Worker* replaced_ = nullptr;  // is being replaced
    bool any_came_up_ = false;
    std::optional<Error> error_;
    Condition coming_up_;
    SuspendedCalls suspended_;
    SuspendedCalls resumed_;  // soon
    std::function<void()> told_;
    bool telling_ = false;
};

}  // namespace airy::work
