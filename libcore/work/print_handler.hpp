// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>

#include "work/handler.hpp"
#include "work/output.hpp"
#include "work/output_end.hpp"

namespace airy::work {

// Writes each message as its message line. A message is handled when its line has been written
// out; many are written at once.
class PrintHandler final : public Handler {
  public:
    explicit PrintHandler(OutputStream& out) : out_(out) {}

    std::size_t batch_limit() const noexcept override { return 1000; }
    boost::asio::awaitable<void> handle(std::span<const mq::Delivered> batch,
                                        std::span<HandlerResult> results,
                                        pool::TaskContext& context) override;
    // Only a reader that does not read can delay it.
    void ask_to_stop() override { out_.abandon(); }
    void kill() override { out_.abandon(); }
    std::optional<HandlerEnd> end() const override { return end_of(out_); }

  private:
    OutputStream& out_;
    std::string lines_;
};

}  // namespace airy::work
