// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "delivery_options.hpp"

#include <fmt/core.h>

#include <charconv>
#include <cmath>
#include <string_view>

#include "options.hpp"
#include "util/duration.hpp"
#include "util/error.hpp"
#include "util/text.hpp"

namespace airy::tools {
namespace {

using std::chrono::milliseconds;

constexpr std::chrono::hours longest_delay{24 * 7};

work::OnError on_error_of(const std::string& word) {
    if (word == "requeue") return work::OnError::requeue;
    if (word == "dead-letter") return work::OnError::dead_letter;
    if (word == "discard") return work::OnError::discard;
    return work::OnError::retry;
}

milliseconds delay_of(const char* flag, std::chrono::nanoseconds delay) {
    if (delay > longest_delay)
        throw Error(ErrorKind::usage, fmt::format("{}: a delay is a week at most", flag));
    if (delay < work::shortest_retry_delay)
        throw Error(ErrorKind::usage,
                    fmt::format("{}: {} is too short", flag, util::format_duration(delay)),
                    fmt::format("a delay is {} at least; --on-error requeue tries again at once",
                                util::format_duration(work::shortest_retry_delay)));
    return std::chrono::duration_cast<milliseconds>(delay);
}

}  // namespace

double parse_rate(const std::string& flag, const std::string& text) {
    std::string_view number = text;
    double seconds = 1;
    if (number.ends_with("/s")) {
        number.remove_suffix(2);
    } else if (number.ends_with("/m")) {
        number.remove_suffix(2);
        seconds = 60;
    }
    double value = 0;
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), value);
    if (error != std::errc() || end != number.data() + number.size() || !std::isfinite(value) ||
        value < 0.001 || value > 1e6)
        throw Error(ErrorKind::usage,
                    fmt::format("{}: '{}' is no rate", flag, util::printable(text)),
                    "e.g. 50/s or 10/m");
    return value / seconds;
}

void DeliveryOptions::add(cli::App& app) {
    const std::string group = "Failures";
    app.option("--on-error", on_error,
               "when a handler fails: retry after a delay, requeue at once, "
               "dead-letter or discard [retry]")
        .one_of({"retry", "requeue", "dead-letter", "discard"})
        .type_name("ACTION")
        .note(of_failures)
        .group(group);
    app.option("--max-attempts", max_attempts, "dead-letter a message that failed so often [5]")
        .type_name("N")
        .between(1, 1'000'000)
        .note(of_failures)
        .note(of_retries)
        .group(group);
    app.duration("--retry-delay", retry_delay,
                 "before the second attempt; doubles for each further one; at least 100ms [1s]")
        .whole_milliseconds()
        .note(of_failures)
        .note(of_retries)
        .group(group);
    app.duration("--retry-max-delay", retry_max_delay,
                 "the longest of these delays [5m, or a longer --retry-delay]")
        .whole_milliseconds()
        .note(of_failures)
        .note(of_retries)
        .group(group);
    app.option("--break-after", break_after,
               "pause after this many failures in a row, then try one message [0: never]")
        .type_name("N")
        .between(0, 1'000'000)
        .note(of_failures)
        .group(group);
    app.duration("--dedup", dedup,
                 "ack, and do not handle, a message whose id was handled within this window")
        .type_name("WINDOW");
    app.option("--rate", rate, "start no more handlers than this, e.g. 50/s").type_name("N/s");
}

void DeliveryOptions::apply(work::ConsumerOptions& options) const {
    if (on_error != "retry")
        refuse_without_effect(of_retries, "beside --on-error " + on_error,
                              "it is for --on-error retry, the default");
    options.retry.on_error = on_error_of(on_error);
    options.retry.max_attempts = static_cast<unsigned>(max_attempts);
    if (retry_delay) options.retry.delay = delay_of("--retry-delay", *retry_delay);
    options.retry.longest_delay = retry_max_delay
                                      ? delay_of("--retry-max-delay", *retry_max_delay)
                                      : std::max(options.retry.longest_delay, options.retry.delay);
    if (retry_delay && options.retry.longest_delay < options.retry.delay)
        throw Error(ErrorKind::usage,
                    fmt::format("--retry-max-delay {} is shorter than --retry-delay {}",
                                util::format_duration(options.retry.longest_delay),
                                util::format_duration(options.retry.delay)));
    options.intake.dedup = dedup;
    if (!rate.empty()) options.intake.rate = parse_rate("--rate", rate);
    options.intake.break_after = static_cast<unsigned>(break_after);
}

}  // namespace airy::tools
