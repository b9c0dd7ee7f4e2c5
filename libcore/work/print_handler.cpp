// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "work/print_handler.hpp"

#include "event/message_line.hpp"

namespace airy::work {

void PrintHandler::append_line(std::string& out, const mq::Delivered& delivered) {
    event::append_message_line(out, delivered.message, delivered.queue, delivered.redelivered,
                               delivered.received_at);
    out += '\n';
}

boost::asio::awaitable<void> PrintHandler::handle(std::span<const mq::Delivered> batch,
                                                  std::span<HandlerResult> results,
                                                  pool::TaskContext&) {
    for (std::size_t i = 0; i < batch.size(); ++i) {
        format_(lines_, batch[i]);
        if (lines_.size() < OutputStream::congestion_limit && i + 1 < batch.size()) continue;
        out_.write(lines_);
        lines_.clear();
        if (out_.congested()) co_await out_.drained();
    }
    co_await out_.drained();
    if (out_.broken() != 0) co_return;
    for (auto& result : results)
        result.verdict = Verdict::success;
}

}  // namespace airy::work
