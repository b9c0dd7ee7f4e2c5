// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "mq/broker.hpp"
#include "pool/histogram.hpp"
#include "util/clock.hpp"
#include "util/error.hpp"

namespace airy::work {

// Puts copies of messages into other queues, each confirmed by the broker. Connects when the first
// is to be sent. Loop thread only; what blocks, connecting and declaring, is done on a thread of
// its own. Must outlive its sends.
class Courier {
  public:
    // `confirm_times` takes the time of each publish until its confirm; outlives this.
    Courier(boost::asio::io_context& loop, mq::Broker& broker, pool::Recorder& confirm_times);
    ~Courier();
    Courier(const Courier&) = delete;
    Courier& operator=(const Courier&) = delete;

    // Publishes `copy`, which names the queue as its topic, and waits for the confirm. Declares the
    // queue when it has not been used yet, or is there no more. Returns why it could not be done.
    boost::asio::awaitable<std::optional<Error>> send(event::Message copy, mq::QueueSpec into);

    // Copies that are not confirmed yet.
    std::size_t open() const noexcept { return open_; }

    // Closes the connection; sends that still wait fail.
    void close(std::chrono::milliseconds deadline);

  private:
    enum class Fate : std::uint8_t { open, confirmed, unroutable, refused, lost };
    struct Sent {
        util::SteadyTime at;
        Fate fate = Fate::open;
    };

    boost::asio::awaitable<Fate> publish(event::Message copy);
    boost::asio::awaitable<void> make_ready(const mq::QueueSpec& into);
    boost::asio::awaitable<std::shared_ptr<mq::Publisher>> connect();
    boost::asio::awaitable<void> declare(mq::QueueSpec into);
    boost::asio::awaitable<void> watch(std::shared_ptr<mq::Publisher> publisher);
    boost::asio::awaitable<void> until_changed();
    void take(const mq::PublisherEvent& event);
    void lose();

    boost::asio::io_context& loop_;
    mq::Broker& broker_;
    pool::Recorder& confirm_times_;
    boost::asio::thread_pool blocking_;
    std::size_t open_ = 0;
    bool closed_ = false;
    // Shared with `watch`, which may be about to look at it when it is replaced.
    std::shared_ptr<mq::Publisher> publisher_;
    bool preparing_ = false;              // connecting or declaring on `blocking_`
    std::set<std::string> ready_;         // queues that were declared
    std::map<std::uint64_t, Sent> sent_;  // by sequence number of publisher_
    std::optional<boost::asio::posix::stream_descriptor> events_;
    boost::asio::steady_timer changed_;  // never expires; cancelled to wake who waits
};

}  // namespace airy::work
