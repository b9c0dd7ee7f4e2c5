// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "net/lookup.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <future>
#include <memory>

#include "util/error.hpp"
#include "util/fd.hpp"

using namespace airy;
using namespace std::chrono_literals;

namespace {

// A name server that answers once it is told to.
class SlowNames {
  public:
    ~SlowNames() { answer(); }

    net::FindHost find() {
        return
            [calls = calls_, answered = answered_.get_future().share()](const std::string& host) {
                ++*calls;
                answered.wait();
                net::FoundHost found;
                if (host == "missing.test")
                    found.failure = "no such host";
                else
                    found.endpoints = net::find_address("192.0.2.1").endpoints;
                return found;
            };
    }
    void answer() {
        if (!std::exchange(has_answered_, true)) answered_.set_value();
    }
    int calls() const { return *calls_; }

  private:
    std::shared_ptr<std::atomic<int>> calls_ = std::make_shared<std::atomic<int>>(0);
    std::promise<void> answered_;
    bool has_answered_ = false;
};

util::SteadyTime in(std::chrono::milliseconds time) {
    return util::steady_now() + time;
}

Reason reason_of(const std::string& host, util::SteadyTime deadline, int interrupt,
                 const net::FindHost& find) {
    try {
        net::find_host_by(host, deadline, interrupt, find);
    } catch (const Error& error) {
        return error.reason();
    }
    return Reason::general;
}

}  // namespace

TEST_CASE("a lookup keeps its deadline, and later ones of the same name share it") {
    SlowNames names;
    const auto find = names.find();
    CHECK(reason_of("slow.test", in(20ms), -1, find) == Reason::unreachable);
    CHECK(reason_of("slow.test", in(0ms), -1, find) == Reason::unreachable);
    names.answer();
    CHECK(net::find_host_by("slow.test", in(10s), -1, find).size() == 1);
    // The answer may have come before the last call, which then asked again.
    CHECK(names.calls() <= 2);
}

TEST_CASE("a readable descriptor ends the wait for a lookup") {
    SlowNames names;
    util::Wakeup stop;
    stop.signal();
    CHECK(reason_of("stopped.test", in(10s), stop.fd(), names.find()) == Reason::interrupted);
}

TEST_CASE("a name that is not there") {
    SlowNames names;
    names.answer();
    CHECK(reason_of("missing.test", in(10s), -1, names.find()) == Reason::host_not_found);
}

TEST_CASE("an address is not looked up") {
    SlowNames names;
    CHECK(net::find_host_by("::1", in(0ms), -1, names.find()).size() == 1);
    CHECK(names.calls() == 0);
    CHECK_FALSE(net::find_address("localhost").failure.empty());
}
