// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/app.hpp"
#include "consume/handler_kind.hpp"
#include "work/batch_options.hpp"

namespace airy::tools::consume {

// `--batch` and the options that belong to it: a handler gets several messages at once.
class BatchOption {
  public:
    void add(cli::App& app);

    bool wanted() const noexcept { return size_ > 0; }
    // 1 without `--batch`.
    std::size_t size() const noexcept { return wanted() ? size_ : 1; }

    // Throws Error{usage} for an option that has no effect beside this kind, and for a wait that is
    // too long.
    void check(const HandlerKind& kind) const;
    work::BatchOptions options() const;

  private:
    std::uint64_t size_ = 0;
    std::chrono::nanoseconds wait_ = std::chrono::seconds(1);
    std::string format_ = "lines";
    std::string on_error_ = "split";
    std::vector<std::string> of_batches_;  // given options that need --batch
    std::vector<std::string> of_format_;   // of these, --batch-format
};

}  // namespace airy::tools::consume
