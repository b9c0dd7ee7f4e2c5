// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "inspect/control_client.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include "fake_consumer.hpp"
#include "inspect/control_directory.hpp"
#include "scoped_variable.hpp"
#include "temporary_directory.hpp"
#include "unix_socket.hpp"
#include "util/error.hpp"

using namespace airy;
using namespace std::chrono_literals;
using inspect::Consumer;
using inspect::ControlOperation;
using inspect::list_consumers;

namespace {

struct ClientFixture {
    test::TemporaryDirectory base;
    test::ScopedVariable runtime{"XDG_RUNTIME_DIR", base.path().c_str()};
    std::string directory = inspect::make_control_directory();
};

template <class Call>
Error caught(Call call) {
    try {
        call();
    } catch (const Error& error) {
        return error;
    }
    FAIL("nothing was thrown");
    return Error(ErrorKind::general, "");
}

Consumer named(const std::string& name, int pid, bool answers = true) {
    Consumer consumer{name, pid, inspect::control_path("/run/airy", name, pid, "t0"), {}};
    if (answers) consumer.status.emplace();
    return consumer;
}

}  // namespace

TEST_CASE_FIXTURE(ClientFixture, "no consumer runs") {
    CHECK(list_consumers().empty());
    const test::TemporaryDirectory other;
    const test::ScopedVariable missing("XDG_RUNTIME_DIR", other.path().c_str());
    CHECK(list_consumers().empty());
}

TEST_CASE_FIXTURE(ClientFixture, "every running consumer is listed with its status") {
    test::ServedConsumer b("b");
    test::ServedConsumer a("a");
    const auto consumers = list_consumers();
    REQUIRE(consumers.size() == 2);
    CHECK(consumers[0].name == "a");
    CHECK(consumers[1].name == "b");
    CHECK(consumers[0].pid == ::getpid());
    REQUIRE(consumers[0].status);
    CHECK(consumers[0].status->running == 5);
    CHECK(consumers[0].status->patterns.size() == 2);
}

TEST_CASE_FIXTURE(ClientFixture, "a stale socket is removed, a live one is not") {
    const auto stale = directory + "/gone-4711.t.sock";
    test::bind_unix(stale, 1).reset();  // the process is gone, the file stays
    const auto never = directory + "/early-4712.t.sock";
    const auto bound = test::bind_unix(never, -1);  // no process listens
    test::ServedConsumer live("live");
    const auto consumers = list_consumers();
    REQUIRE(consumers.size() == 1);
    CHECK(consumers[0].name == "live");
    CHECK(::access(stale.c_str(), F_OK) != 0);
    CHECK(::access(never.c_str(), F_OK) != 0);
    CHECK(::access(live.path.c_str(), F_OK) == 0);
}

TEST_CASE_FIXTURE(ClientFixture, "a silent consumer is listed as such and delays no other") {
    // Listens and never accepts, as a process under SIGSTOP.
    const auto stopped = test::bind_unix(directory + "/stopped-99.t.sock", 1);
    // Its backlog is full as well, so connecting does not succeed.
    const auto full = test::bind_unix(directory + "/full-98.t.sock", 0);
    std::vector<util::Fd> waiting;
    for (int i = 0; i < 4; ++i) {
        util::Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
        const auto address = test::unix_address(directory + "/full-98.t.sock");
        if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0)
            waiting.push_back(std::move(fd));
    }
    test::ServedConsumer live("live");

    const auto start = std::chrono::steady_clock::now();
    const auto consumers = list_consumers(300ms);
    CHECK(std::chrono::steady_clock::now() - start < 5s);
    REQUIRE(consumers.size() == 3);
    CHECK(consumers[0].name == "full");
    CHECK(consumers[0].pid == 98);
    CHECK_FALSE(consumers[0].status);
    CHECK(consumers[1].name == "live");
    CHECK(consumers[1].status);
    CHECK(consumers[2].name == "stopped");
    CHECK_FALSE(consumers[2].status);

    const auto error =
        caught([&] { inspect::control(consumers[2], ControlOperation::pause, 0, 50ms); });
    CHECK(error.kind() == ErrorKind::timeout);
    CHECK(std::string(error.what()) == "consumer 'stopped' (99) does not answer (waited 0.05 s)");
}

TEST_CASE_FIXTURE(ClientFixture, "a consumer with a senseless answer is listed as not answering") {
    boost::asio::io_context loop;
    const auto socket = test::bind_unix(directory + "/odd-97.t.sock", 4);
    std::thread server([&socket] {
        const util::Fd client(::accept(socket.get(), nullptr, nullptr));
        char bytes[100];
        [[maybe_unused]] auto n = ::recv(client.get(), bytes, sizeof bytes, 0);
        test::send_all(client.get(), "<html>\n");
    });
    const auto consumers = list_consumers();
    server.join();
    REQUIRE(consumers.size() == 1);
    CHECK_FALSE(consumers[0].status);
}

TEST_CASE_FIXTURE(ClientFixture, "operations take effect and return the new status") {
    test::ServedConsumer served("orders");
    const auto consumers = list_consumers();
    REQUIRE(consumers.size() == 1);
    CHECK(inspect::control(consumers[0], ControlOperation::resize, 17).cap == 17);
    CHECK(inspect::control(consumers[0], ControlOperation::pause).state ==
          work::ConsumerState::paused);
    CHECK(inspect::control(consumers[0], ControlOperation::resume).state ==
          work::ConsumerState::running);
    CHECK(inspect::control(consumers[0], ControlOperation::drain).state ==
          work::ConsumerState::draining);
    CHECK(inspect::control(consumers[0], ControlOperation::status).cap == 17);
    const auto error = caught([&] { inspect::control(consumers[0], ControlOperation::resize, 0); });
    CHECK(error.kind() == ErrorKind::usage);
    CHECK(served.consumer.status().cap == 17);
}

TEST_CASE_FIXTURE(ClientFixture, "a consumer that has ended meanwhile") {
    std::vector<Consumer> consumers;
    {
        test::ServedConsumer served("orders");
        consumers = list_consumers();
    }
    REQUIRE(consumers.size() == 1);
    const auto error = caught([&] { inspect::control(consumers[0], ControlOperation::pause); });
    CHECK(error.kind() == ErrorKind::not_found);
    CHECK(std::string(error.what()).ends_with("has ended"));
}

TEST_CASE("consumers of containers that share a directory may have the same pid") {
    const std::vector<Consumer> consumers{named("a", 1), named("b", 1), named("c", 2)};
    CHECK(inspect::find_consumer(consumers, "b").name == "b");
    const auto both = caught([&] { inspect::find_consumer(consumers, "1"); });
    CHECK(both.kind() == ErrorKind::usage);
    CHECK(std::string(both.what()) ==
          "2 consumers have the pid 1: " + consumers[0].path + ", " + consumers[1].path);
    CHECK(inspect::find_consumer(consumers, consumers[1].path).name == "b");

    auto twins = std::vector<Consumer>{named("a", 1), named("a", 1)};
    twins[1].path = inspect::control_path("/run/airy", "a", 1, "t1");
    const auto same = caught([&] { inspect::find_consumer(twins, "a"); });
    CHECK(std::string(same.what()).starts_with("2 consumers have the pid 1: "));
}

TEST_CASE("a consumer is found by its name, its pid or its socket") {
    const std::vector<Consumer> consumers{named("a", 10), named("b", 11), named("b", 12),
                                          named("a_b", 13, false), named("11", 14)};
    CHECK(inspect::find_consumer(consumers, "a").pid == 10);
    CHECK(inspect::find_consumer(consumers, "12").name == "b");
    CHECK(inspect::find_consumer(consumers, "11").pid == 11);  // a pid wins over a name
    // A consumer that does not answer has the name in its socket's path.
    CHECK(inspect::find_consumer(consumers, "a/b").pid == 13);
    // The path holds only the beginning of a long name.
    const std::string name(300, 'n');
    const auto path = inspect::control_path("/run/airy", name, 15, "t0");
    const auto socket = path.substr(path.rfind('/') + 1);
    const std::vector<Consumer> cut{{socket.substr(0, socket.rfind('-')), 15, path, {}}};
    CHECK(inspect::find_consumer(cut, name).pid == 15);
    CHECK_THROWS_AS(inspect::find_consumer(cut, name.substr(0, 20)), Error);

    const auto missing = caught([&] { inspect::find_consumer(consumers, "nosuch"); });
    CHECK(missing.kind() == ErrorKind::not_found);
    CHECK(missing.hint() == "these run: a (10), b (11), b (12), a_b (13), 11 (14)");

    const auto several = caught([&] { inspect::find_consumer(consumers, "b"); });
    CHECK(several.kind() == ErrorKind::usage);
    CHECK(std::string(several.what()) == "2 consumers are named 'b': pids 11, 12");

    const auto none = caught([&] { inspect::find_consumer({}, "b"); });
    CHECK(none.kind() == ErrorKind::not_found);
    CHECK(none.hint() == std::string(inspect::none_seen));
}
