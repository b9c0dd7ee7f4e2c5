// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "event/message.hpp"
#include "mq/amqp/rabbitmq_c.hpp"

namespace airy::mq::amqp {

// Puts a message together from the frames that carry it: a method (basic.deliver, basic.return), a
// header, and bodies. amqp_read_message does the same, but waits without a limit. One thread.
class ContentAssembler {
  public:
    struct Content {
        std::uint64_t delivery_tag = 0;  // of a delivery
        bool redelivered = false;
        std::string consumer_tag;
        int return_code = 0;  // of a return, else 0
        std::string return_text;
        event::Message message;
    };

    // Takes the frame if it is part of a message; false: it is not.
    bool take(const amqp_frame_t& frame);

    // The message, once its last frame is taken; nullopt before.
    std::optional<Content> finished();

  private:
    bool take_method(const amqp_method_t& method);

    enum class Awaits { method, header, body, nothing };
    Awaits awaits_ = Awaits::method;
    std::uint64_t body_size_ = 0;
    Content content_;
};

}  // namespace airy::mq::amqp
