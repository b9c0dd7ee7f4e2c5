// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include <fmt/core.h>
#include <poll.h>

#include <optional>
#include <random>
#include <thread>
#include <utility>

#include "output/stream.hpp"
#include "publish/confirm_times.hpp"
#include "publish/ledger.hpp"
#include "publish/patience.hpp"
#include "publish/refusals.hpp"
#include "publish/run.hpp"
#include "util/error.hpp"
#include "util/log.hpp"

namespace airy::tools::publish {
namespace {

void submit(mq::Publisher& publisher, event::Message& message, Ledger& ledger) {
    if (publisher.try_submit(message) != 0) return;
    for (const auto& event : publisher.take())
        ledger.take(event);  // throws the reason for the lost connection
    throw Error(ErrorKind::unreachable, "the connection was lost before the event was sent");
}

// Waits for the outcome of the only event on the way. Returns its refusal if it may be sent again.
std::optional<mq::Refused> await_outcome(mq::Publisher& publisher, Ledger& ledger,
                                         ConfirmTimes& confirm_times, const Options& options) {
    Patience patience(options, publisher);
    std::optional<mq::Refused> refused;
    while (ledger.open() > 0 && !refused) {
        pollfd waiting{publisher.event_fd(), POLLIN, 0};
        ::poll(&waiting, 1, patience.left());
        for (const auto& event : publisher.take()) {
            patience.take(event);
            confirm_times.take(event);
            const auto* const nack = std::get_if<mq::Refused>(&event);
            if (nack != nullptr && nack->message != nullptr)
                refused = *nack;
            else
                ledger.take(event);
        }
        if (ledger.open() > 0 && !refused && patience.over())
            throw Error(ErrorKind::undelivered,
                        fmt::format("the broker did not confirm the event within {}; whether it "
                                    "will be delivered is uncertain",
                                    seconds(options.confirm_timeout)),
                        alarm_hint(patience.blocked()));
    }
    return refused;
}

// Publishes the event, again after pauses while the broker refuses it.
void publish_to_the_end(mq::Publisher& publisher, event::Message message, Submission about,
                        Ledger& ledger, ConfirmTimes& confirm_times, const Options& options) {
    Refusals refusals(options.refusals, 1, std::random_device()());
    while (true) {
        submit(publisher, message, ledger);
        ledger.submitted(std::move(about));
        confirm_times.submitted();
        const auto refused = await_outcome(publisher, ledger, confirm_times, options);
        if (!refused) return;
        about = ledger.take_back(*refused);
        if (!refusals.counts(about, util::steady_now())) {
            ledger.give_up(std::move(about));
            return;
        }
        refusals.add(std::move(*refused->message), std::move(about), util::steady_now());
        std::this_thread::sleep_for(refusals.left(util::steady_now()));
        auto next = refusals.take_all();
        message = std::move(next.front().message);
        about = std::move(next.front().about);
    }
}

}  // namespace

int one(const Options& options, Item item) {
    ConfirmTimes confirm_times(options.metrics_file, options.exchange.name);
    const auto broker = mq::connect(options.endpoint);
    const auto publisher = broker->publisher({options.exchange, options.window, options.confirm,
                                              options.mandatory, options.refusals.most > 0});
    Ledger ledger(options.confirm, options.mandatory, options.json);
    const auto start = util::steady_now();
    util::log_info("publishing", {{"topic", item.message.topic},
                                  {"event_id", item.event_id},
                                  {"bytes", item.message.body.size()},
                                  {"exchange", options.exchange.name}});
    Submission about{0, std::move(item.event_id), item.message.topic, {}};
    publish_to_the_end(*publisher, std::move(item.message), std::move(about), ledger, confirm_times,
                       options);
    output::flush();
    publisher->close(close_deadline);
    if (!options.confirm)
        for (const auto& event : publisher->take())
            ledger.take(event);  // returns up to the end
    confirm_times.write();
    if (const auto error = ledger.first_error()) throw *error;
    if (options.confirm) {
        const std::chrono::duration<double, std::milli> took = util::steady_now() - start;
        util::log_info("confirmed", {{"ms", took.count()}});
    }
    return 0;
}

}  // namespace airy::tools::publish
