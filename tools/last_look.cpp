// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "last_look.hpp"

#include <fmt/core.h>

#include "output/stream.hpp"
#include "output/words.hpp"
#include "util/error.hpp"
#include "util/text.hpp"

namespace airy::tools {
namespace {

constexpr std::uint64_t few_looks = 5;

std::string times(std::uint64_t number) {
    return number == 1 ? "for the first time" : fmt::format("up to {} times", number);
}

}  // namespace

void LastLookOption::add(cli::App& app) {
    app.flag("-y,--yes", yes,
             "look where a message may come back no more: its copy goes to the queue's end");
}

void tell_copied(const std::string& queue, std::uint64_t copied) {
    if (copied > 0)
        output::note(
            fmt::format("airy: {} may not come back once more: the queue '{}' has {} of "
                        "{} at its end",
                        output::counted(copied, "message"), util::printable(queue),
                        copied == 1 ? "a copy" : "copies", copied == 1 ? "it" : "them"));
}

void tell_effect(const std::string& queue, const mq::Look& look) {
    if (look.seen > 0 && look.marked > 0)
        output::note(fmt::format("airy: {} now count{} as redelivered, {}",
                                 output::counted(look.marked, "message"),
                                 look.marked == 1 ? "s" : "", times(look.most_returns)));
    tell_copied(queue, look.copied);
    if (!look.return_limit || look.limit_guessed || look.last_return ||
        look.most_returns > *look.return_limit)
        return;
    if (const auto left = *look.return_limit - look.most_returns; look.seen > 0 && left < few_looks)
        output::note(fmt::format(
            "airy: a look counts as a delivery, and a message of '{}' may come back {} times: {} "
            "more look{}",
            util::printable(queue), *look.return_limit, left, left == 1 ? "" : "s"));
}

void check_that_all_came_back(std::uint64_t missing) {
    if (missing > 0)
        throw Error(
            ErrorKind::general,
            fmt::format("{} did not come back to the queue", output::counted(missing, "message")),
            "they reached its delivery limit: it dead-lettered them, or dropped them where it "
            "has no dead-letter queue");
}

void check_look(const std::string& queue, const mq::Look& look) {
    check_that_all_came_back(look.missing);
    if (look.last_return && look.limit_guessed)
        throw Error(
            ErrorKind::general,
            fmt::format("a look counts as a delivery, and the delivery limit of '{}' is not "
                        "known: messages that came back before are not shown",
                        util::printable(queue)),
            "the management API tells it to a user with the tag monitoring; --yes shows "
            "them all the same, and copies of them go to the end of the queue");
    if (look.last_return)
        throw Error(
            ErrorKind::general,
            fmt::format("a look counts as a delivery, and messages of '{}' may not come back "
                        "more than {} times: the rest is not shown",
                        util::printable(queue), look.return_limit.value_or(0)),
            "--yes shows them: copies of such messages go to the end of the queue");
}

}  // namespace airy::tools
