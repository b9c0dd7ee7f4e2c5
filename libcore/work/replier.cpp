// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "work/replier.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <utility>
#include <variant>

#include "util/fd.hpp"
#include "util/log.hpp"
#include "work/condition.hpp"

namespace airy::work {
namespace asio = boost::asio;
using boost::system::error_code;
namespace {

// A reply is late when the broker has told nothing for this long, although it can, and nothing of a
// reply has left for it.
constexpr std::chrono::seconds reply_patience{30};
constexpr std::chrono::seconds hurried_patience{1};

Error may_not_reply(std::string_view why) {
    return Error(Reason::access_refused, fmt::format("cannot send replies: {}", why),
                 "the user needs the right to write to amq.default, the default exchange")
        .as_permanent();
}

std::string failure_in(const ReplyOutcome& outcome) {
    if (outcome.kind == ReplyOutcome::Kind::late)
        return fmt::format("the broker did not confirm it within {} s", reply_patience.count());
    return outcome.why;
}

}  // namespace

void require_reply(const ReplyOutcome& outcome, HandlerResult& result) {
    using Kind = ReplyOutcome::Kind;
    if (outcome.kind == Kind::confirmed) return;
    const auto words = failure_in(outcome);
    if (result.verdict != Verdict::success) {
        if (!words.empty())
            util::log_warn("cannot tell of a failure in a reply", {{"reason", words}});
        return;
    }
    result.reply.reset();
    switch (outcome.kind) {
        case Kind::refused:
        case Kind::late:
            result.verdict = Verdict::retry;
            break;
        case Kind::impossible:
            result.verdict = Verdict::reject;
            break;
        default:
            result.verdict = Verdict::not_handled;
            break;
    }
    result.reason = words.empty() ? "stopped before its reply was sent"
                                  : fmt::format("cannot send its reply: {}", words);
}

struct Replier::Sending {
    Sending(asio::io_context& loop, Timers& timers, std::size_t count)
        : outcomes(count), open(count), changed(loop, timers) {}

    std::vector<ReplyOutcome> outcomes;
    std::size_t open;
    Condition changed;  // notified when none is open
};

Replier::Replier(asio::io_context& loop, Timers& timers, mq::Publisher& publisher,
                 ReplyOptions options)
    : loop_(loop),
      timers_(timers),
      publisher_(publisher),
      upload_(publisher),
      options_(std::move(options)),
      events_(loop, util::duplicate(publisher.event_fd()).release()) {
    watch();
}

Replier::~Replier() = default;

void Replier::watch() {
    events_.async_wait(asio::posix::stream_descriptor::wait_read, [this](const error_code& error) {
        if (error) return;  // this replier may be destroyed
        take();
        if (!end_) watch();
    });
}

asio::awaitable<std::vector<ReplyOutcome>> Replier::send(std::vector<event::Message> replies) {
    const auto sending = std::make_shared<Sending>(loop_, timers_, replies.size());
    for (std::size_t i = 0; i < replies.size(); ++i)
        waiting_.push_back({std::move(replies[i]), {sending, i}});
    go_on();
    const auto& clock = timers_.clock();
    const auto begun = clock.steady();
    while (sending->open > 0) {
        const auto limit = time_limit(begun);
        if (clock.steady() < limit)
            co_await sending->changed.wait_until(limit);
        else if (!hurried_at_ && upload_.goes_on())
            last_news_ = clock.steady();
        else
            give_up(sending);
    }
    co_return std::move(sending->outcomes);
}

// When replies that were sent then are late, if nothing is heard until then.
util::SteadyTime Replier::time_limit(util::SteadyTime begun) const {
    if (hurried_at_) return std::max(begun, *hurried_at_) + hurried_patience;
    const auto since = stalled_ ? timers_.clock().steady() : std::max(begun, last_news_);
    return since + reply_patience;
}

// Submits waiting replies in order, as far as the window allows.
void Replier::go_on() {
    if (end_) return conclude_all(ReplyOutcome::Kind::lost);
    if (abandoned_) return conclude_all(ReplyOutcome::Kind::abandoned);
    while (!waiting_.empty()) {
        auto& [reply, place] = waiting_.front();
        std::uint64_t sequence = 0;
        try {
            sequence = publisher_.try_submit(reply);
        } catch (const Error& error) {  // the protocol cannot hold it
            const auto refused = place;
            waiting_.pop_front();
            conclude(refused, {ReplyOutcome::Kind::impossible, error.what()});
            continue;
        }
        if (sequence == 0) return;  // an outcome makes room, or tells of the loss
        on_way_.emplace(sequence, std::move(place));
        waiting_.pop_front();
    }
}

void Replier::take() {
    const auto events = publisher_.take();
    if (!events.empty()) last_news_ = timers_.clock().steady();
    for (const auto& event : events)
        take(event);
    go_on();
}

void Replier::take(const mq::PublisherEvent& event) {
    if (const auto outcome = mq::outcome_of(event)) {
        using Kind = mq::Outcome::Kind;
        const auto found = on_way_.extract(outcome->sequence);
        if (outcome->kind != Kind::refused) ++sent_;
        if (outcome->forbidden) lose(may_not_reply(outcome->reason));
        if (!found) return;
        if (outcome->kind != Kind::refused)
            conclude(found.mapped(), {ReplyOutcome::Kind::confirmed, {}});
        else if (outcome->forbidden)
            conclude(found.mapped(), {ReplyOutcome::Kind::lost, {}});
        else if (outcome->reason.empty())
            conclude(found.mapped(), {ReplyOutcome::Kind::refused,
                                      "the broker refused it: a full queue, or an error"});
        else
            conclude(found.mapped(), {ReplyOutcome::Kind::impossible, outcome->reason});
    } else if (const auto* blocked = std::get_if<mq::Blocked>(&event)) {
        stalled_ = true;
        util::log_warn("the broker blocks publishers; replies wait here",
                       {{"reason", blocked->reason}});
    } else if (std::holds_alternative<mq::Unblocked>(event)) {
        stalled_ = false;
        util::log_info("the broker takes replies again");
    } else if (std::holds_alternative<mq::Interrupted>(event)) {
        stalled_ = true;
    } else if (std::holds_alternative<mq::Restored>(event)) {
        stalled_ = false;
    } else if (const auto* lost = std::get_if<mq::Lost>(&event)) {
        try {
            std::rethrow_exception(lost->error);
        } catch (const Error& error) {
            lose(error.reason() == Reason::publish_forbidden
                     ? may_not_reply(error.what())
                     : error.reworded(fmt::format("cannot send replies: {}", error.what())));
        } catch (const std::exception& error) {
            lose(Error(ErrorKind::unreachable,
                       fmt::format("cannot send replies: {}", error.what())));
        }
    }
}

void Replier::lose(Error error) {
    if (!end_) end_.emplace(std::move(error));
    conclude_all(ReplyOutcome::Kind::lost);
}

void Replier::hurry() {
    if (!hurried_at_) hurried_at_ = timers_.clock().steady();
    for (const auto& [reply, place] : waiting_)
        place.sending->changed.notify();
    for (const auto& [sequence, place] : on_way_)
        place.sending->changed.notify();
}

void Replier::abandon() {
    abandoned_ = true;
    conclude_all(ReplyOutcome::Kind::abandoned);
}

void Replier::conclude(const Place& place, ReplyOutcome outcome) {
    auto& sending = *place.sending;
    if (sending.open == 0) return;  // it was given up
    if (sending.outcomes[place.index].kind != ReplyOutcome::Kind::open) return;
    sending.outcomes[place.index] = std::move(outcome);
    if (--sending.open == 0) sending.changed.notify();
}

void Replier::conclude_all(ReplyOutcome::Kind kind) {
    for (const auto& [reply, place] : std::exchange(waiting_, {}))
        conclude(place, {kind, {}});
    for (const auto& [sequence, place] : std::exchange(on_way_, {}))
        conclude(place, {kind, {}});
}

void Replier::give_up(const std::shared_ptr<Sending>& sending) {
    std::erase_if(waiting_,
                  [&sending](const Waiting& waiting) { return waiting.place.sending == sending; });
    const auto kind = hurried_at_ ? ReplyOutcome::Kind::abandoned : ReplyOutcome::Kind::late;
    for (auto& outcome : sending->outcomes)
        if (outcome.kind == ReplyOutcome::Kind::open) outcome.kind = kind;
    sending->open = 0;
}

}  // namespace airy::work
