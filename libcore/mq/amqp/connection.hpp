// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "mq/amqp/rabbitmq_c.hpp"
#include "mq/amqp/url.hpp"
#include "mq/endpoint.hpp"

namespace airy::mq::amqp {

// One AMQP connection with one channel. Used by one thread at a time: first by the thread that made
// it, then by the service thread.
class Connection {
  public:
    static constexpr amqp_channel_t channel = 1;

    // Connects to the first of the endpoint's hosts that answers, tried in turn from number
    // `first_host` on, logs in and opens the channel, all within connect_timeout. Ends at once when
    // the descriptor `interrupt` is readable. Throws Error{unreachable}.
    explicit Connection(const Endpoint& endpoint, std::size_t first_host = 0)
        : Connection(endpoint, first_host, endpoint.interrupt_fd) {}
    Connection(const Endpoint& endpoint, std::size_t first_host, int interrupt);
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    amqp_connection_state_t state() const noexcept { return state_.get(); }
    int socket() const noexcept;

    // Takes the next frame if it has come whole; never waits, and serves the heartbeats. The
    // frame's memory is valid until release_buffers. Throws Error{unreachable} when the connection
    // is lost.
    bool next_frame(amqp_frame_t& frame);
    void release_buffers() noexcept { amqp_maybe_release_buffers(state_.get()); }

    // From now on reads frames far larger than agreed, for a connection that publishes nothing. The
    // broker sends a message's headers in one frame of any size: it adds fields (x-death) to
    // headers that filled a frame, and the publisher may have agreed on larger ones.
    void read_large_frames();

    // The longest time between two calls of next_frame, which serves the heartbeats.
    std::chrono::milliseconds patience() const noexcept { return patience_; }

    // Throws Error{unreachable} unless `status` is AMQP_STATUS_OK.
    void check_sent(int status) const;

    // Opens the channel again after the broker has closed it and throw_close has answered. Throws
    // Error{unreachable}.
    void reopen_channel();

    // Throws when the last synchronous call failed. Where the broker closed only the channel, opens
    // a new one for the next call.
    void check_reply(std::string_view what);

    // Closes channel and connection, each answered by the broker before the deadline. True when
    // the channel's close was answered: the broker has then seen all that was sent before.
    bool close(std::chrono::milliseconds deadline) noexcept;

    // E.g. "RabbitMQ 3.10.8".
    std::string server() const;
    const std::string& shown_url() const noexcept { return shown_url_; }
    // The number of the connected host among those of the URL, from 0.
    std::size_t host() const noexcept { return host_; }

  private:
    struct Destroy {
        void operator()(amqp_connection_state_t state) const noexcept;
    };
    using State = std::unique_ptr<std::remove_pointer_t<amqp_connection_state_t>, Destroy>;

    void connect_to(const AmqpUrl& url, const Endpoint& endpoint,
                    std::chrono::steady_clock::time_point deadline, int interrupt);
    void log_in(const AmqpUrl& url, const Endpoint& endpoint,
                std::chrono::steady_clock::time_point deadline, int interrupt);
    void open_channel();

    std::string shown_url_;
    std::size_t host_ = 0;
    std::chrono::milliseconds patience_;
    State state_;
};

// The broker's close of the channel, or else of the connection.
struct Close {
    bool of_channel = false;
    int code = 0;
    std::string text;
};

// Whether the broker closes the channel or the connection with this frame. close_of reads it;
// throw_close answers it, as the protocol asks, and throws its error, `what` as in from_close.
bool is_close(const amqp_frame_t& frame) noexcept;
Close close_of(const amqp_frame_t& frame);
[[noreturn]] void throw_close(Connection& connection, const amqp_frame_t& frame,
                              std::string_view what);

}  // namespace airy::mq::amqp
