// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <exception>
#include <string>
#include <vector>

#include "mq/amqp/confirm_window.hpp"
#include "mq/amqp/content.hpp"
#include "mq/amqp/link.hpp"
#include "mq/amqp/service.hpp"
#include "mq/amqp/suspects.hpp"
#include "mq/publisher.hpp"
#include "util/mailbox.hpp"

namespace airy::mq::amqp {

// Publisher over one connection at a time. The caller's thread fills `inbox_` and empties
// `outbox_`; the service thread owns the connection and the members below it.
class AmqpPublisher final : public Publisher {
  public:
    AmqpPublisher(const Endpoint& endpoint, const PublisherOptions& options);
    ~AmqpPublisher() override;

    std::uint64_t try_submit(event::Message& message) override;
    int event_fd() const noexcept override { return outbox_.fd(); }
    std::vector<PublisherEvent> take() override { return outbox_.take(); }
    std::size_t in_flight() const noexcept override { return in_flight_.load(); }
    std::uint64_t bytes_sent() const noexcept override { return service_.bytes_sent(); }
    void close(std::chrono::milliseconds deadline) noexcept override;

  private:
    void prepare(Connection& connection);
    void take_replies_on(Connection& connection);
    void serve();
    void serve_connection();
    void await_last_answer();
    bool keeps_messages() const noexcept { return link_.renewable() || options_.give_back; }
    bool finds_cause() const noexcept { return link_.renewable() && options_.confirm; }
    bool reopen_channel();
    void tell_of_new_channel(std::exception_ptr cause);
    void take_back_unconfirmed();
    void look_for_cause(std::size_t on_the_way);
    bool may_write() const noexcept;
    void write_backlog();
    void write_first();
    void publish(Numbered& next);
    void read_frames();
    [[noreturn]] void closed(const amqp_frame_t& frame);
    void take_method(const amqp_frame_t& frame);
    void take_content(ContentAssembler::Content content);
    void take_return(ContentAssembler::Content content);
    void hand_over();

    const PublisherOptions options_;
    std::uint64_t submitted_ = 0;  // the caller's thread only
    std::atomic<std::size_t> frame_max_{0};
    std::atomic<std::size_t> in_flight_{0};
    std::atomic<std::size_t> held_bytes_{0};  // of bodies without an outcome
    std::atomic<bool> lost_{false};
    util::Mailbox<Numbered> inbox_;
    util::Mailbox<PublisherEvent> outbox_;

    // The service thread's own.
    amqp_pool_t pool_;
    ConfirmWindow window_;
    ContentAssembler assembler_;
    std::deque<Numbered> backlog_;  // to be written, in order
    std::vector<PublisherEvent> events_;
    bool blocked_ = false;
    bool writing_ = false;         // the first message of the backlog, perhaps in part
    util::SteadyTime written_at_;  // the last message
    struct Loss {                  // of the current channel or connection
        Ending ending = Ending::silent;
        std::string words;  // the broker's
        bool forbidden = false;
    };
    Loss loss_;
    Suspects suspects_;
    Link link_;

    ServiceThread service_;  // last: it uses all of the above
};

}  // namespace airy::mq::amqp
