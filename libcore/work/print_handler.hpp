// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "work/handler.hpp"
#include "work/output.hpp"
#include "work/output_end.hpp"

namespace airy::work {

// Writes each message as text, by default as its message line. A message is handled when its text
// has been written out; many are written at once.
class PrintHandler final : public Handler {
  public:
    // Appends the text of one message and its line end.
    using Format = std::function<void(std::string& out, const mq::Delivered& delivered)>;

    explicit PrintHandler(OutputStream& out, Format format = append_line)
        : out_(out), format_(std::move(format)) {}

    static void append_line(std::string& out, const mq::Delivered& delivered);

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
    const Format format_;
    std::string lines_;
};

}  // namespace airy::work
