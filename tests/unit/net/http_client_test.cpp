// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "net/http_client.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/resource.h>

#include <atomic>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <optional>
#include <semaphore>

#include "asking.hpp"
#include "scripted_server.hpp"

using namespace airy;
using namespace std::chrono_literals;
using test::ask;
using test::Asked;
using test::begin;
using test::get;
using test::http_answer;
using test::Talk;
using test::TalkingServer;

namespace {

// Answers every request with the connection's number until the client leaves.
void answer_all(Talk& talk) {
    while (!talk.read_request().empty())
        talk.send(http_answer(200, std::to_string(talk.number())));
}

struct Fixture {
    boost::asio::io_context loop{1};
    std::optional<net::HttpClient> client{std::in_place, loop, net::HttpClientOptions{}};

    void limit(std::size_t connections, std::chrono::milliseconds idle = 30s) {
        net::HttpClientOptions options;
        options.connections_per_origin = connections;
        options.idle_limit = idle;
        client.emplace(loop, std::move(options));
    }
    std::string ask(net::HttpRequest request) {
        return test::ask(loop, *client, std::move(request));
    }
    // Runs the loop until the condition holds.
    template <class Condition>
    bool run_until(Condition condition) {
        const auto until = std::chrono::steady_clock::now() + 10s;
        loop.restart();
        while (!condition() && std::chrono::steady_clock::now() < until)
            if (loop.run_one_for(10ms) == 0) loop.restart();
        return condition();
    }
};

net::HttpRequest post(const std::string& url, std::string body) {
    auto request = get(url);
    request.method = "POST";
    request.body = std::move(body);
    return request;
}

}  // namespace

TEST_CASE_FIXTURE(Fixture, "a connection is kept for the next request") {
    TalkingServer server(answer_all);
    for (int i = 0; i < 5; ++i)
        CHECK(ask(post(server.url(), "body")) == "0");
    // The loop has ended each time: an idle connection does not keep it running.
    CHECK(server.connections() == 1);
}

TEST_CASE_FIXTURE(Fixture, "method, headers and body go out, status, headers and body come in") {
    std::string seen;
    TalkingServer server([&seen](Talk& talk) {
        seen = talk.read_request();
        talk.send("HTTP/1.1 418 Teapot\r\nX-One: 1\r\nContent-Length: 2\r\n\r\nno");
    });
    auto request = post(server.url() + "/base", std::string("a\0b", 3));
    request.method = "PATCH";
    request.target = "/x?y=1";
    request.headers = {{"X-Id", "7"}};
    Asked asked;
    begin(loop, *client, request, asked);
    loop.run();
    CHECK(asked.response.status == 418);
    CHECK(asked.response.body == "no");
    REQUIRE(asked.response.header("x-one") != nullptr);
    CHECK(*asked.response.header("x-one") == "1");
    CHECK(seen.starts_with("PATCH /base/x?y=1 HTTP/1.1\r\n"));
    CHECK(seen.find("X-Id: 7\r\n") != seen.npos);
    CHECK(seen.ends_with(std::string("\r\n\r\na\0b", 7)));
}

TEST_CASE_FIXTURE(Fixture, "a connection that cannot be kept is not") {
    const std::string answers[] = {
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\n",
        "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\n",
        // More bytes than the answer has follow.
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxHTTP/1.1 200 OK\r\n\r\n"};
    for (const auto& answer : answers) {
        CAPTURE(answer);
        TalkingServer server([&](Talk& talk) {
            while (!talk.read_request().empty()) {
                const auto body = answer.find("\r\n\r\n") + 4;
                talk.send(answer.substr(0, body) + std::to_string(talk.number()) +
                          (answer.size() > body ? answer.substr(body + 1) : ""));
            }
        });
        CHECK(ask(get(server.url())) == "0");
        CHECK(ask(get(server.url())) == "1");
    }
    // The end of the connection ends an answer without a length.
    TalkingServer server([](Talk& talk) {
        talk.read_request();
        talk.send("HTTP/1.1 200 OK\r\n\r\nall of it");
    });
    CHECK(ask(get(server.url())) == "all of it");
    CHECK(ask(get(server.url())) == "all of it");
}

TEST_CASE_FIXTURE(Fixture, "answers without a body leave their connection usable") {
    TalkingServer server([](Talk& talk) {
        for (;;) {
            const auto request = talk.read_request();
            if (request.empty()) return;
            if (request.starts_with("HEAD"))
                talk.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
            else if (request.starts_with("DELETE"))
                talk.send("HTTP/1.1 204 No Content\r\n\r\n");
            else
                talk.send("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nA: b\r\n\r\n" +
                          http_answer(200, "after all"));
        }
    });
    for (const char* method : {"HEAD", "DELETE", "GET", "HEAD"}) {
        auto request = get(server.url());
        request.method = method;
        CHECK(ask(request) == (request.method == "GET" ? "after all" : ""));
    }
    CHECK(server.connections() == 1);
}

TEST_CASE_FIXTURE(Fixture, "a kept connection that the server has closed is not used") {
    TalkingServer server([](Talk& talk) {
        talk.read_request();
        talk.send(http_answer(200, std::to_string(talk.number())));
    });
    CHECK(ask(post(server.url(), "a")) == "0");
    REQUIRE(server.wait_for_ended(1));
    // A request that must not be sent twice does not use it, either.
    CHECK(ask(post(server.url(), "b")) == "1");
    CHECK(server.connections() == 2);
}

TEST_CASE_FIXTURE(Fixture,
                  "a kept connection ends under a request: it is sent once more if it may") {
    std::atomic<int> requests = 0;
    TalkingServer server([&requests](Talk& talk) {
        talk.read_request();
        ++requests;
        if (talk.number() == 2) return talk.reset();
        talk.send(http_answer(200, std::to_string(talk.number())));
        // The next request finds the connection ended before any of its answer.
        if (!talk.read_request().empty()) ++requests;
    });
    CHECK(ask(get(server.url())) == "0");
    CHECK(ask(get(server.url())) == "1");
    CHECK(server.connections() == 2);
    CHECK(requests == 3);

    SUBCASE("not a second time") {
        CHECK(ask(get(server.url())) == "! connection reset by peer");
        CHECK(server.connections() == 3);
    }
    SUBCASE("not a request that must not be sent twice") {
        CHECK(ask(post(server.url(), "x")) == "! the answer was cut off");
        CHECK(server.connections() == 2);
        CHECK(requests == 4);
    }
    SUBCASE("a request marked as repeatable") {
        auto request = post(server.url(), "x");
        request.repeatable = true;
        CHECK(ask(request) == "! connection reset by peer");
        CHECK(server.connections() == 3);
    }
}

TEST_CASE_FIXTURE(Fixture, "a request whose answer has begun is not sent again") {
    TalkingServer server([](Talk& talk) {
        talk.read_request();
        talk.send(http_answer(200, "first"));
        talk.read_request();
        talk.send("HTTP/1.1 200");
    });
    CHECK(ask(get(server.url())) == "first");
    CHECK(ask(get(server.url())) == "! the answer was cut off");
    CHECK(server.connections() == 1);
}

TEST_CASE_FIXTURE(Fixture, "answers that are cut off, and answers that are not HTTP") {
    const std::pair<const char*, const char*> cases[] = {
        {"HTTP/1.1 200 OK\r\nContent-Le", "the answer was cut off"},
        {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", "the answer was cut off"},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhalf",
         "the answer was cut off"},
        {"HTTP/1.1 100 Continue\r\n\r\n", "the answer was cut off"},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "the answer is not HTTP"},
        {"SSH-2.0-OpenSSH_9.2\r\n\r\n", "the answer is not HTTP"}};
    for (const auto& [answer, reason] : cases) {
        CAPTURE(answer);
        TalkingServer server([answer = answer](Talk& talk) {
            talk.read_request();
            talk.send(answer);
        });
        CHECK(ask(get(server.url())).starts_with("! " + std::string(reason)));
        CHECK(server.connections() == 1);
    }
    TalkingServer endless([](Talk& talk) {
        talk.read_request();
        talk.send("HTTP/1.1 200 OK\r\n");
        while (talk.send("X-Header: and another one of them, without an end\r\n")) {
        }
    });
    CHECK(ask(get(endless.url())).starts_with("! the answer is not HTTP"));
    TalkingServer reset([](Talk& talk) {
        talk.read_request();
        talk.reset();
    });
    CHECK(ask(get(reset.url())) == "! connection reset by peer");
}

TEST_CASE_FIXTURE(Fixture, "an answer cannot fill the memory beside its body") {
    const std::string part(1 << 20, 'x');
    std::string trailers;
    for (int i = 0; i < 1000; ++i)
        trailers += "X-Trailer: and another one of them, without an end\r\n";
    const std::string chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    const std::pair<std::string, const std::string*> endless[] = {
        {chunked + "1;", &part},            // an extension
        {chunked + "1\r\nx\r\n0;", &part},  // that of the last chunk
        {chunked + "0\r\n", &trailers},
        {chunked + "0\r\nX-Trailer: ", &part},
    };
    for (const auto& [begin, more] : endless) {
        CAPTURE(begin);
        std::atomic<std::size_t> taken = 0;  // parts
        TalkingServer server([&, begin = begin, more = more](Talk& talk) {
            talk.read_request();
            talk.send(begin);
            while (taken < 100 && talk.send(*more))
                ++taken;
        });
        auto request = get(server.url());
        request.keep = 10;
        CHECK(ask(request) == "! the answer is too large");
        REQUIRE(server.wait_for_ended(1));
        CHECK(taken < 100);
        CHECK(ask(request) == "! the answer is too large");
        CHECK(server.connections() == 2);
    }
}

TEST_CASE_FIXTURE(Fixture, "endless announcements of an answer end") {
    TalkingServer server([](Talk& talk) {
        talk.read_request();
        while (talk.send("HTTP/1.1 102 Processing\r\n\r\n")) {
        }
    });
    CHECK(ask(get(server.url())) == "! the answer is too large");
}

TEST_CASE_FIXTURE(Fixture, "a body that the status forbids is not the next answer") {
    const std::string ok = http_answer(200, "of another request");
    const std::string length = std::to_string(ok.size());
    const std::string heads[] = {"HTTP/1.1 204 X\r\nContent-Length: " + length + "\r\n\r\n",
                                 "HTTP/1.1 304 X\r\ncontent-length: " + length + "\r\n\r\n",
                                 "HTTP/1.1 204 X\r\nTransfer-Encoding: chunked\r\n\r\n"};
    for (const auto& head : heads) {
        CAPTURE(head);
        TalkingServer server([&](Talk& talk) {
            talk.read_request();
            if (talk.number() == 1) {
                talk.send(http_answer(200, "1"));
                return;
            }
            // The body may come later than its head: it must not matter.
            talk.send(head);
            talk.read_request();
            talk.send(ok);
        });
        CHECK(ask(get(server.url())) == "");
        CHECK(ask(get(server.url())) == "1");
    }
    // An empty one is none.
    TalkingServer server([](Talk& talk) {
        while (!talk.read_request().empty())
            talk.send("HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n");
    });
    for (int i = 0; i < 3; ++i)
        CHECK(ask(get(server.url())) == "");
    CHECK(server.connections() == 1);
}

TEST_CASE_FIXTURE(Fixture, "a status line may lack its reason phrase and the blank before it") {
    TalkingServer server([](Talk& talk) {
        while (!talk.read_request().empty())
            talk.send("HTTP/1.1 100\r\n\r\nHTTP/1.1 201\r\nContent-Length: 2\r\n\r\nok");
    });
    for (int i = 0; i < 3; ++i)
        CHECK(ask(get(server.url())) == "ok");
    CHECK(server.connections() == 1);
    // Byte by byte.
    TalkingServer slow([](Talk& talk) {
        talk.read_request();
        for (const char c : std::string("HTTP/1.0 200\r\n\r\nall"))
            talk.send(std::string(1, c));
    });
    CHECK(ask(get(slow.url())) == "all");
    for (const char* head :
         {"HTTP/1.1 20\r\n\r\n", "HTTP/1.1 2x0\r\n\r\n", "HTTP/1.1 200\rX\r\n"}) {
        CAPTURE(head);
        TalkingServer wrong([head](Talk& talk) {
            talk.read_request();
            talk.send(head);
        });
        CHECK(ask(get(wrong.url())).starts_with("! the answer is not HTTP"));
    }
}

TEST_CASE_FIXTURE(Fixture, "bodies of any size up to the limit") {
    const std::string large(20 << 20, 'x');
    TalkingServer server([&large](Talk& talk) {
        const auto request = talk.read_request();
        const auto body = request.substr(request.find("\r\n\r\n") + 4);
        if (request.starts_with("POST / "))
            talk.send(http_answer(200, std::to_string(body.size())));
        else if (request.starts_with("GET /chunked"))
            talk.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1400000\r\n" + large +
                      "\r\n0\r\n\r\n");
        else
            talk.send(http_answer(200, large));
    });
    CHECK(ask(post(server.url(), large)) == std::to_string(large.size()));
    for (const char* target : {"/", "/chunked"}) {
        auto request = get(server.url());
        request.target = target;
        CHECK(ask(request) == "! the answer is longer than 16777216 bytes");
        request.body_limit = large.size();
        CHECK(ask(request) == large);
    }
}

TEST_CASE_FIXTURE(Fixture, "the beginning of an answer is kept, and a very long one is not read") {
    const std::string large(3 << 20, 'x');
    TalkingServer server([&large](Talk& talk) {
        for (;;) {
            const auto request = talk.read_request();
            if (request.empty()) return;
            if (request.starts_with("GET /endless"))
                talk.send("HTTP/1.1 200 OK\r\n\r\n");
            else if (request.starts_with("GET /chunked"))
                talk.send(
                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n"
                    "4\r\ndefg\r\n0\r\n\r\n");
            else
                talk.send(http_answer(200, large));
            while (request.starts_with("GET /endless") && talk.send(large)) {
            }
        }
    });
    auto request = get(server.url());
    request.keep = 5;
    request.body_limit = large.size();
    for (const char* target : {"/", "/chunked", "/"}) {
        request.target = target;
        Asked asked;
        begin(loop, *client, request, asked);
        loop.restart();
        loop.run();
        CHECK(asked.response.body == (*target == '/' && target[1] == '\0' ? "xxxxx" : "abcde"));
        CHECK(asked.response.cut);
    }
    CHECK(server.connections() == 1);  // all of the answers were read
    request.body_limit = large.size() - 1;
    CHECK(ask(request) == "xxxxx");
    request.target = "/endless";
    CHECK(ask(request) == "xxxxx");
    request.target = "/chunked";
    request.keep = 7;
    CHECK(ask(request) == "abcdefg");
    CHECK(server.connections() == 3);  // two were closed
}

TEST_CASE_FIXTURE(Fixture, "a body may be borrowed") {
    std::string seen;
    TalkingServer server([&seen](Talk& talk) {
        seen = talk.read_request();
        talk.send(http_answer(200, ""));
    });
    const std::string body = "borrowed";
    auto request = post(server.url(), "");
    request.borrowed_body = body;
    CHECK(ask(request) == "");
    CHECK(seen.find("Content-Length: 8\r\n") != seen.npos);
    CHECK(seen.ends_with("\r\n\r\nborrowed"));
}

TEST_CASE_FIXTURE(Fixture, "a long body that the server refuses with an answer") {
    TalkingServer server([](Talk& talk) {
        talk.read_head();
        talk.send("HTTP/1.1 413 Too Large\r\nContent-Length: 4\r\n\r\nlong");
    });
    CHECK(ask(post(server.url(), std::string(64 << 20, 'x'))) == "long");
}

TEST_CASE_FIXTURE(Fixture, "each phase ends with the deadline") {
    auto request = get("http://127.0.0.1:1");
    request.deadline = 100ms;
    const auto start = std::chrono::steady_clock::now();
    SUBCASE("connecting") {
        // A backlog of 0: the second client that waits in it gets no answer.
        const util::Fd full(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        ::bind(full.get(), reinterpret_cast<sockaddr*>(&address), sizeof address);
        ::listen(full.get(), 0);
        socklen_t size = sizeof address;
        ::getsockname(full.get(), reinterpret_cast<sockaddr*>(&address), &size);
        std::deque<util::Fd> waiting;
        for (int i = 0; i < 4; ++i) {
            waiting.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
            ::connect(waiting.back().get(), reinterpret_cast<sockaddr*>(&address), sizeof address);
        }
        request.url.port = ntohs(address.sin_port);
        CHECK(ask(request) == "! no connection within 0.1 s");
    }
    SUBCASE("TLS") {
        TalkingServer server([](Talk& talk) { talk.hold(); });
        request.url.tls = true;
        request.url.port = server.port();
        CHECK(ask(request) == "! no TLS handshake within 0.1 s");
    }
    SUBCASE("writing") {
        TalkingServer server([](Talk& talk) { talk.hold(); });
        request.url.port = server.port();
        request.body.assign(64 << 20, 'x');
        CHECK(ask(request) == "! no answer within 0.1 s");
    }
    SUBCASE("reading") {
        for (const char* part : {"", "HTTP/1.1 200 OK\r\nX-", "HTTP/1.1 200 OK\r\n\r\nand so on"}) {
            TalkingServer server([part](Talk& talk) {
                talk.read_request();
                talk.send(part);
                talk.hold();
            });
            request.url.port = server.port();
            CHECK(ask(request) == "! no answer within 0.1 s");
        }
    }
    SUBCASE("reading, on a kept connection") {
        TalkingServer server([](Talk& talk) {
            talk.read_request();
            talk.send(http_answer(200, "first"));
            talk.hold();
        });
        request.url.port = server.port();
        CHECK(ask(request) == "first");
        CHECK(ask(request) == "! no answer within 0.1 s");
        CHECK(server.connections() == 1);
    }
    SUBCASE("waiting for a connection") {
        limit(1);
        TalkingServer server([](Talk& talk) { talk.hold(); });
        request.url.port = server.port();
        Asked first, second;
        auto longer = request;
        longer.deadline = 300ms;
        begin(loop, *client, longer, first);
        begin(loop, *client, request, second);
        loop.run();
        CHECK(first.failure == "no answer within 0.3 s");
        CHECK(second.failure == "no free connection within 0.1 s");
    }
    const auto took = std::chrono::steady_clock::now() - start;
    CHECK(took >= 100ms);
    CHECK(took < 8s);
}

TEST_CASE_FIXTURE(Fixture, "no server listens") {
    std::uint16_t port = 0;
    {
        TalkingServer server(answer_all);
        port = server.port();
    }
    CHECK(ask(get("http://127.0.0.1:" + std::to_string(port))) == "! connection refused");
}

TEST_CASE_FIXTURE(Fixture, "out of descriptors, a request waits for one until its deadline") {
    TalkingServer server(answer_all);
    // The loop opens its own descriptors with its first timer.
    const boost::asio::steady_timer first(loop);
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    // The lowest free descriptor is beyond the limit.
    util::Fd lowest(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    const rlimit none{static_cast<rlim_t>(lowest.get()), limit.rlim_max};
    lowest.reset();
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
    Asked patient, late;
    auto request = get(server.url());
    begin(loop, *client, request, patient);
    request.deadline = 20ms;
    begin(loop, *client, request, late);
    const bool late_done = run_until([&] { return late.done; });
    ::setrlimit(RLIMIT_NOFILE, &limit);
    CHECK(late_done);
    CHECK(late.failure == "no free descriptor within 0.02 s");
    CHECK_FALSE(patient.done);
    loop.restart();
    loop.run();
    CHECK(patient.response.body == "0");
}

TEST_CASE_FIXTURE(Fixture, "a request can be cancelled in every phase") {
    std::atomic<int> heads = 0;
    std::binary_semaphore cancelled{0};
    TalkingServer server([&](Talk& talk) {
        talk.read_head();
        ++heads;
        if (!cancelled.try_acquire_for(10s)) return;
        // Reads until the client has left.
        while (!talk.read_request().empty()) {
        }
    });
    auto request = get(server.url());
    limit(1);
    Asked asked, waiting;
    SUBCASE("reading, and waiting for a connection") {}
    SUBCASE("writing") {
        request.body.assign(64 << 20, 'x');
    }
    begin(loop, *client, request, asked);
    begin(loop, *client, request, waiting);
    REQUIRE(run_until([&] { return heads == 1; }));
    const auto start = std::chrono::steady_clock::now();
    waiting.signal.emit(boost::asio::cancellation_type::terminal);
    REQUIRE(run_until([&] { return waiting.done; }));
    CHECK(waiting.aborted);
    CHECK_FALSE(asked.done);
    asked.signal.emit(boost::asio::cancellation_type::terminal);
    loop.restart();
    loop.run();
    CHECK(asked.aborted);
    CHECK(std::chrono::steady_clock::now() - start < 5s);
    // The connection of a cancelled request is closed.
    cancelled.release();
    CHECK(server.wait_for_ended(1));
}

TEST_CASE_FIXTURE(Fixture, "a waiting request goes on when another is cancelled") {
    TalkingServer server([](Talk& talk) {
        if (talk.number() == 0) return talk.hold();
        answer_all(talk);
    });
    limit(1);
    Asked first, second;
    begin(loop, *client, get(server.url()), first);
    begin(loop, *client, get(server.url()), second);
    REQUIRE(run_until([&] { return server.connections() == 1; }));
    first.signal.emit(boost::asio::cancellation_type::terminal);
    loop.restart();
    loop.run();
    CHECK(first.aborted);
    CHECK(second.response.body == "1");
}

TEST_CASE_FIXTURE(Fixture, "many requests in flight share a bounded number of connections") {
    TalkingServer server(answer_all);
    limit(20);
    std::deque<Asked> asked(1000);
    for (auto& one : asked)
        begin(loop, *client, post(server.url(), "x"), one);
    loop.run();
    for (const auto& one : asked)
        CHECK(one.response.status == 200);
    CHECK(server.connections() == 20);
}

TEST_CASE_FIXTURE(Fixture, "few connections are made at once, however many requests there are") {
    // A backlog of one, and nobody accepts: connecting takes as long as the server likes.
    boost::asio::ip::tcp::acceptor busy(loop, {boost::asio::ip::address_v4::loopback(), 0}, false);
    busy.listen(0);
    net::HttpClientOptions options;
    options.connecting_per_origin = 2;
    client.emplace(loop, std::move(options));
    std::deque<Asked> all(20);
    auto request = get("http://127.0.0.1:" + std::to_string(busy.local_endpoint().port()));
    request.deadline = 300ms;
    for (auto& asked : all)
        begin(loop, *client, request, asked);
    loop.run();
    std::size_t late = 0;
    for (const auto& asked : all)
        late += asked.failure == "no free connection within 0.3 s" ||
                asked.failure == "no connection within 0.3 s";
    CHECK(late >= 17);
    // The server is quick: each gets its turn.
    TalkingServer server(answer_all);
    std::deque<Asked> quick(20);
    for (auto& asked : quick)
        begin(loop, *client, get(server.url()), asked);
    loop.restart();
    loop.run();
    for (const auto& asked : quick)
        CHECK(asked.failure.empty());
}

TEST_CASE_FIXTURE(Fixture, "requests that wait for a connection are served in order") {
    limit(1);
    TalkingServer server([](Talk& talk) {
        for (auto request = talk.read_request(); !request.empty(); request = talk.read_request())
            talk.send(http_answer(200, request.substr(4, request.find(" HTTP") - 4)));
    });
    std::deque<Asked> asked(50);
    for (std::size_t i = 0; i < asked.size(); ++i) {
        auto request = get(server.url());
        request.target = "/" + std::to_string(i);
        begin(loop, *client, request, asked[i]);
    }
    for (std::size_t i = 0; i < asked.size(); ++i) {
        REQUIRE(run_until([&] { return asked[i].done; }));
        CHECK(asked[i].response.body == "/" + std::to_string(i));
        CHECK((i + 1 == asked.size() || !asked[i + 1].done));
    }
}

TEST_CASE_FIXTURE(Fixture, "another origin has connections of its own") {
    TalkingServer one(answer_all), other(answer_all);
    limit(1);
    for (int i = 0; i < 3; ++i) {
        CHECK(ask(get(one.url())) == "0");
        CHECK(ask(get(other.url())) == "0");
    }
    CHECK(ask(get("http://localhost:" + std::to_string(one.port()))) == "1");
}

TEST_CASE_FIXTURE(Fixture, "a connection that was idle for too long is closed") {
    limit(10, 0ms);
    TalkingServer server(answer_all);
    CHECK(ask(get(server.url())) == "0");
    CHECK(ask(get(server.url())) == "1");
    CHECK(server.wait_for_ended(1));
}

TEST_CASE_FIXTURE(Fixture, "requests outlive their client, and no connection is kept") {
    TalkingServer server(answer_all);
    CHECK(ask(get(server.url())) == "0");
    Asked asked;
    begin(loop, *client, get(server.url()), asked);
    client.reset();
    loop.restart();
    loop.run();
    CHECK(asked.response.status == 200);
    CHECK(server.wait_for_ended(server.connections()));
}

TEST_CASE("a loop may end with requests under way") {
    TalkingServer server([](Talk& talk) { talk.hold(); });
    std::deque<Asked> asked(4);
    {
        boost::asio::io_context loop{1};
        net::HttpClientOptions options;
        options.connections_per_origin = 2;
        net::HttpClient client(loop, options);
        for (auto& one : asked)
            begin(loop, client, get(server.url()), one);
        loop.poll();
    }
    for (const auto& one : asked)
        CHECK_FALSE(one.done);
}
