// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "consume/batch_option.hpp"

#include <fmt/core.h>

#include "options.hpp"
#include "util/error.hpp"

namespace airy::tools::consume {
namespace {

constexpr std::int64_t most_in_batch = 10'000;
// Messages that wait are not acknowledged, and brokers take such messages back after a time.
constexpr std::chrono::minutes longest_batch_wait{10};

}  // namespace

void BatchOption::add(cli::App& app) {
    const std::string group = "Batches";
    app.option("--batch", size_, "give the handler up to N messages at once")
        .type_name("N")
        .between(1, most_in_batch)
        .group(group);
    app.duration("--batch-wait", wait_, "how long the first message waits for the others [1s]")
        .note(of_batches_)
        .group(group);
    app.option("--batch-format", format_,
               "for a command: a message line each, or one JSON array [lines]")
        .one_of({"lines", "array"})
        .type_name("FORM")
        .note(of_batches_)
        .note(of_format_)
        .group(group);
    app.option("--batch-on-error", on_error_,
               "after a batch has failed: handle each message alone, or let all fail [split]")
        .one_of({"split", "all"})
        .type_name("MODE")
        .note(of_batches_)
        .group(group);
}

void BatchOption::check(const HandlerKind& kind) const {
    if (!wanted())
        refuse_without_effect(of_batches_, "without --batch",
                              "--batch N gives the handler several messages at once");
    if (!kind.has_batch_format())
        refuse_without_effect(of_format_, fmt::format("beside {}", kind.name()),
                              "it is for the stdin of a command that runs for each --batch");
    if (wait_ > longest_batch_wait)
        throw Error(ErrorKind::usage, "--batch-wait: a batch waits for 10 minutes at most");
}

work::BatchOptions BatchOption::options() const {
    return {.most = static_cast<std::size_t>(size_),
            .wait = wait_,
            .format = format_ == "array" ? work::BatchFormat::array : work::BatchFormat::lines,
            .split = on_error_ == "split"};
}

}  // namespace airy::tools::consume
