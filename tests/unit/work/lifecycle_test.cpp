// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "work/lifecycle.hpp"

#include <doctest/doctest.h>

#include <array>
#include <string>
#include <vector>

namespace airy::work {
namespace {

using Event = LifecycleEvent;
using Effect = LifecycleEffect;
using State = ConsumerState;

constexpr std::array events{Event::begin,   Event::pause,  Event::resume,  Event::interrupt,
                            Event::restore, Event::trip,   Event::recover, Event::lose,
                            Event::stop,    Event::signal, Event::finish};

struct Transition {
    State state;
    Effect effect = Effect::none;
};

struct Row {
    std::vector<Event> path;  // to the state that the row is about
    State from;
    std::array<Transition, events.size()> to;  // by each event
};

constexpr Transition starting{State::starting};
constexpr Transition running{State::running};
constexpr Transition paused{State::paused};
constexpr Transition away{State::reconnecting};
constexpr Transition tripped{State::tripped};
constexpr Transition draining{State::draining};
constexpr Transition stopped{State::stopped};
constexpr Transition announce{State::running, Effect::announce};
constexpr Transition drain{State::draining, Effect::drain};
constexpr Transition hurry{State::draining, Effect::hurry};

// clang-format off
const std::vector<Row> table = {
    //  begin     pause     resume    interrupt restore   trip      recover   lose      stop      signal    finish
    {{}, State::starting,
       {announce, starting, starting, starting, starting, starting, starting, drain,    drain,    drain,    stopped}},
    {{Event::begin}, State::running,
       {running,  paused,   running,  away,     running,  tripped,  running,  drain,    drain,    drain,    stopped}},
    {{Event::begin, Event::pause}, State::paused,
       {paused,   paused,   running,  away,     paused,   paused,   paused,   drain,    drain,    drain,    stopped}},
    {{Event::begin, Event::interrupt}, State::reconnecting,
       {away,     away,     away,     away,     running,  away,     away,     drain,    drain,    drain,    stopped}},
    {{Event::begin, Event::trip}, State::tripped,
       {tripped,  paused,   running,  away,     tripped,  tripped,  running,  drain,    drain,    drain,    stopped}},
    {{Event::begin, Event::stop}, State::draining,
       {draining, draining, draining, draining, draining, draining, draining, draining, draining, draining, stopped}},
    {{Event::begin, Event::stop, Event::finish}, State::stopped,
       {stopped,  stopped,  stopped,  stopped,  stopped,  stopped,  stopped,  stopped,  stopped,  stopped,  stopped}},
    // Where more than one holds, the first of reconnecting, paused, tripped shows.
    {{Event::begin, Event::pause, Event::interrupt}, State::reconnecting,
       {away,     away,     away,     away,     paused,   away,     away,     drain,    drain,    drain,    stopped}},
    {{Event::begin, Event::trip, Event::interrupt}, State::reconnecting,
       {away,     away,     away,     away,     tripped,  away,     away,     drain,    drain,    drain,    stopped}},
    {{Event::begin, Event::trip, Event::pause}, State::paused,
       {paused,   paused,   running,  away,     paused,   paused,   paused,   drain,    drain,    drain,    stopped}},
    // A second signal hurries, whatever began the drain.
    {{Event::begin, Event::signal}, State::draining,
       {draining, draining, draining, draining, draining, draining, draining, draining, draining, hurry,    stopped}},
    {{Event::begin, Event::stop, Event::signal}, State::draining,
       {draining, draining, draining, draining, draining, draining, draining, draining, draining, hurry,    stopped}},
    {{Event::begin, Event::signal, Event::signal}, State::draining,
       {draining, draining, draining, draining, draining, draining, draining, draining, draining, draining, stopped}},
};
// clang-format on

Lifecycle after(const std::vector<Event>& path) {
    Lifecycle lifecycle;
    for (const auto event : path)
        lifecycle.on(event);
    return lifecycle;
}

}  // namespace

TEST_CASE("every event in every state") {
    for (std::size_t row = 0; row < table.size(); ++row) {
        CAPTURE(row);
        CHECK(after(table[row].path).state() == table[row].from);
        for (std::size_t column = 0; column < events.size(); ++column) {
            CAPTURE(column);
            auto lifecycle = after(table[row].path);
            const auto effect = lifecycle.on(events[column]);
            CHECK(lifecycle.state() == table[row].to[column].state);
            CHECK(effect == table[row].to[column].effect);
        }
    }
}

TEST_CASE("messages may start while it is begun, not paused and not draining") {
    CHECK_FALSE(after({}).may_start());
    CHECK(after({Event::begin}).may_start());
    CHECK(after({Event::begin, Event::interrupt}).may_start());
    CHECK(after({Event::begin, Event::trip}).may_start());  // the breaker lets one start
    CHECK_FALSE(after({Event::begin, Event::pause}).may_start());
    CHECK(after({Event::begin, Event::pause, Event::resume}).may_start());
    CHECK_FALSE(after({Event::begin, Event::stop}).may_start());
}

TEST_CASE("the first reason to stop is the reason") {
    Lifecycle lifecycle;
    lifecycle.on(Event::begin);
    lifecycle.on(Event::stop, StopReason::idle);
    lifecycle.on(Event::stop, StopReason::count);
    lifecycle.on(Event::signal);
    lifecycle.on(Event::lose);
    CHECK(lifecycle.stop_reason() == StopReason::idle);
    CHECK(lifecycle.lost());
    CHECK(after({Event::begin, Event::signal}).stop_reason() == StopReason::signal);
    CHECK(after({Event::begin, Event::lose}).stop_reason() == StopReason::failed);
}

TEST_CASE("it knows whether the signal that stopped it came while it was away") {
    CHECK(after({Event::begin, Event::interrupt, Event::signal}).signalled_away());
    CHECK_FALSE(after({Event::begin, Event::signal, Event::interrupt}).signalled_away());
    CHECK_FALSE(
        after({Event::begin, Event::stop, Event::interrupt, Event::signal}).signalled_away());
}

TEST_CASE("reconnects count connections that came back") {
    CHECK(after({Event::begin, Event::interrupt, Event::interrupt, Event::restore}).reconnects() ==
          1);
    CHECK(after({Event::begin, Event::interrupt, Event::restore, Event::interrupt, Event::restore})
              .reconnects() == 2);
}

}  // namespace airy::work
