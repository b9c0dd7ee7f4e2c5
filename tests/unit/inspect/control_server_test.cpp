// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "inspect/control_server.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <vector>

#include "fake_consumer.hpp"
#include "inspect/control_client.hpp"
#include "scoped_variable.hpp"
#include "temporary_directory.hpp"
#include "unix_socket.hpp"
#include "util/json_text.hpp"

using namespace airy;
using inspect::perform_control_request;
using test::connect_unix;
using test::read_to_end;
using test::send_all;

namespace {

// One server in a directory of its own.
struct Fixture {
    test::TemporaryDirectory base;
    test::ScopedVariable runtime{"XDG_RUNTIME_DIR", base.path().c_str()};
    test::ServedConsumer served;

    std::string ask(std::string_view request) {
        const auto client = connect_unix(served.path);
        REQUIRE(client);
        send_all(client.get(), request);
        return read_to_end(client.get());
    }
};

bool refused(const std::string& answer) {
    CHECK_FALSE(util::check_json(answer));
    return answer.starts_with(R"({"ok":false,"reason":"usage","error":")");
}

}  // namespace

TEST_CASE("requests are performed") {
    test::FakeConsumer consumer;
    const auto performed = [&consumer](std::string_view line) {
        return perform_control_request(line, consumer).empty();
    };
    CHECK(performed(R"({"op":"status"})"));
    CHECK(performed(R"({"op":"resize","size":3})"));
    CHECK(consumer.status().cap == 3);
    CHECK(performed(R"({"op":"pause"})"));
    CHECK(consumer.status().state == work::ConsumerState::paused);
    CHECK(performed(R"( {"op":"resume","x":1} )"));
    CHECK(consumer.status().state == work::ConsumerState::running);
    CHECK(performed(R"({"op":"drain"})"));
    CHECK(consumer.status().state == work::ConsumerState::draining);
}

TEST_CASE("a running handler is cancelled by the id of its message") {
    test::FakeConsumer consumer;
    CHECK(perform_control_request(R"({"op":"cancel","id":"m-1"})", consumer).empty());
    CHECK(consumer.cancelled == work::AfterCancel::retry);
    CHECK(perform_control_request(R"({"op":"cancel","id":"m-1","dead_letter":true})", consumer)
              .empty());
    CHECK(consumer.cancelled == work::AfterCancel::dead_letter);
    const auto answer = perform_control_request(R"({"op":"cancel","id":"m-2"})", consumer);
    CHECK(answer.find(R"("reason":"not_found")") != std::string::npos);
    consumer.cancelled.reset();
    for (const char* request :
         {R"({"op":"cancel"})", R"({"op":"cancel","id":""})", R"({"op":"cancel","id":1})",
          R"({"op":"cancel","id":"m-1","dead_letter":1})"}) {
        CAPTURE(request);
        CHECK(refused(perform_control_request(request, consumer)));
        CHECK_FALSE(consumer.cancelled);
    }
}

TEST_CASE("invalid requests change nothing") {
    test::FakeConsumer consumer;
    for (const char* request :
         {"", "{", "[]", "null", "\"drain\"", "{}", R"({"op":1})", R"({"op":"explode"})",
          R"({"op":"resize"})", R"({"op":"resize","size":0})", R"({"op":"resize","size":-1})",
          R"({"op":"resize","size":1.5})", R"({"op":"resize","size":"2"})",
          R"({"op":"resize","size":1e3})", R"({"op":"resize","size":99999999999999999999})",
          "{\"op\":\"dr\\u0000ain\"}", "\xff\xfe"}) {
        CAPTURE(request);
        CHECK(refused(perform_control_request(request, consumer)));
        CHECK(consumer.status().cap == 8);
        CHECK(consumer.status().state == work::ConsumerState::running);
    }
}

TEST_CASE_FIXTURE(Fixture, "serves on a socket that only its user can open") {
    struct stat info {};
    REQUIRE(::stat(served.path.c_str(), &info) == 0);
    CHECK(S_ISSOCK(info.st_mode));
    CHECK((info.st_mode & 07777) == 0600);
    CHECK(
        served.path.starts_with(base.path() + "/airy/orders-" + std::to_string(::getpid()) + "."));
    CHECK(served.path.ends_with(".sock"));
    const auto answer = ask("{\"op\":\"status\"}\n");
    CHECK(answer.ends_with("}\n"));
    CHECK(answer.starts_with(R"({"ok":true,)"));
    CHECK(ask("{\"op\":\"resize\",\"size\":21}\nsomething behind it").find("\"cap\":21,") !=
          std::string::npos);
    CHECK(served.consumer.status().cap == 21);
}

TEST_CASE_FIXTURE(Fixture, "a request may come in pieces") {
    const auto client = connect_unix(served.path);
    for (const char c : std::string_view("{\"op\":\"pause\"}\n"))
        REQUIRE(send_all(client.get(), std::string_view(&c, 1)));
    CHECK(read_to_end(client.get()).find("\"paused\"") != std::string::npos);
}

TEST_CASE_FIXTURE(Fixture, "garbage and oversized requests are refused, the next client served") {
    CHECK(refused(ask("\xff\xfe\x01 garbage\n")));
    CHECK(refused(ask(std::string(10'000, 'x') + "\n")));
    CHECK(refused(ask(std::string(200'000, '{'))));
    CHECK(ask("{\"op\":\"status\"}\n").starts_with(R"({"ok":true,)"));
}

TEST_CASE_FIXTURE(Fixture, "silent clients are dropped and delay others only briefly") {
    std::vector<util::Fd> silent;
    for (int i = 0; i < 40; ++i) {
        silent.push_back(connect_unix(served.path));
        REQUIRE(silent.back());
        send_all(silent.back().get(), "{\"op\":");
    }
    CHECK(ask("{\"op\":\"status\"}\n").starts_with(R"({"ok":true,)"));
    // The server's deadline ends them, not the test's: read_to_end sees it close.
    for (const auto& client : silent)
        CHECK(read_to_end(client.get()).empty());
    CHECK(ask("{\"op\":\"status\"}\n").starts_with(R"({"ok":true,)"));
}

TEST_CASE_FIXTURE(Fixture, "clients that leave at once do no harm") {
    for (int i = 0; i < 200; ++i) {
        const auto client = connect_unix(served.path);
        if (client && i % 2 == 0) send_all(client.get(), "{\"op\":\"status\"}\n");
    }
    // Those still in the backlog are served first.
    CHECK(ask("{\"op\":\"status\"}\n").starts_with(R"({"ok":true,)"));
}

TEST_CASE("a request runs when its client half closed, not when the client left") {
    const test::TemporaryDirectory base;
    const test::ScopedVariable runtime("XDG_RUNTIME_DIR", base.path().c_str());
    boost::asio::io_context loop{1};
    test::FakeConsumer consumer;
    // The loop does not run yet, as in a stopped process.
    inspect::ControlServer server(loop, "orders", consumer);
    {
        const auto gone = connect_unix(server.path());
        REQUIRE(send_all(gone.get(), "{\"op\":\"pause\"}\n"));
    }
    const auto half = connect_unix(server.path());
    REQUIRE(send_all(half.get(), "{\"op\":\"resize\",\"size\":5}\n"));
    ::shutdown(half.get(), SHUT_WR);
    std::thread thread([&loop] { loop.run_for(std::chrono::seconds(10)); });
    CHECK(read_to_end(half.get()).find("\"cap\":5,") != std::string::npos);
    loop.stop();
    thread.join();
    CHECK(consumer.status().state == work::ConsumerState::running);
}

TEST_CASE("the server removes its socket and disconnects its clients at its end") {
    const test::TemporaryDirectory base;
    const test::ScopedVariable runtime("XDG_RUNTIME_DIR", base.path().c_str());
    std::string path;
    util::Fd client;
    {
        test::ServedConsumer served;
        path = served.path;
        client = connect_unix(path);
        REQUIRE(client);
        send_all(client.get(), "{\"op\":");
    }
    CHECK(::access(path.c_str(), F_OK) != 0);
    CHECK(read_to_end(client.get()).empty());
}

TEST_CASE("a name of any length and kind can be served") {
    const test::TemporaryDirectory base;
    const test::ScopedVariable runtime("XDG_RUNTIME_DIR", base.path().c_str());
    const std::string name = std::string(250, 'q') + "/ü\n";
    test::ServedConsumer served(name);
    const auto consumers = inspect::list_consumers();
    REQUIRE(consumers.size() == 1);
    CHECK(consumers[0].name == name);
}
