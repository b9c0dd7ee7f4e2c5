// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "work/http_handler.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "pool/pool.hpp"
#include "tests/support/scripted_server.hpp"

using namespace airy;
using namespace std::chrono_literals;
using test::http_answer;
using test::Talk;
using test::TalkingServer;
using work::Verdict;

namespace {

mq::Delivered to_post(std::string body = R"({"post_id":7})") {
    mq::Delivered delivered;
    delivered.queue = "my work";
    delivered.message.exchange = "airy.events";
    delivered.message.topic = "post.published";
    delivered.message.properties.message_id = "m-1";
    delivered.message.properties.content_type = "application/json";
    delivered.message.body = std::move(body);
    delivered.attempts = 2;
    return delivered;
}

std::vector<mq::Delivered> batch_of(const std::vector<std::string>& ids) {
    std::vector<mq::Delivered> batch;
    for (const auto& id : ids)
        batch.emplace_back(to_post()).message.properties.message_id = id;
    return batch;
}

std::string answer_with(int status, const std::string& header, const std::string& body = "") {
    auto answer = http_answer(status, body);
    return answer.insert(answer.find("\r\n") + 2, header + "\r\n");
}

// A handler, and messages that it works on.
struct HttpBench {
    explicit HttpBench(const std::string& url) { options.resource = net::parse_http_resource(url); }

    void make() {
        options.shown_url = "http://shown";
        handler.emplace(loop, timers, options);
    }
    void submit(mq::Delivered delivered) {
        std::vector<mq::Delivered> one;
        one.push_back(std::move(delivered));
        submit(std::move(one));
    }
    void submit(std::vector<mq::Delivered> batch) {
        if (!handler) make();
        auto& one = *all.emplace_back(std::make_unique<One>(std::move(batch)));
        pool.submit_async(pool::AsyncTask(
            [this, &one](pool::TaskContext& context) { return run(*handler, one, context); }));
    }
    work::HandlerResult result(mq::Delivered delivered = to_post()) {
        submit(std::move(delivered));
        loop.restart();
        loop.run();
        return all.back()->results[0];
    }
    const std::vector<work::HandlerResult>& results(const std::vector<std::string>& ids) {
        submit(batch_of(ids));
        loop.restart();
        loop.run();
        return all.back()->results;
    }
    template <class Condition>
    void run_until(Condition condition) {
        const auto until = std::chrono::steady_clock::now() + 10s;
        loop.restart();
        while (!condition() && std::chrono::steady_clock::now() < until)
            if (loop.run_one_for(10ms) == 0) loop.restart();
        REQUIRE(condition());
    }

    struct One {
        explicit One(std::vector<mq::Delivered> messages)
            : batch(std::move(messages)),
              results(batch.size(), {.verdict = Verdict::not_handled}) {}
        std::vector<mq::Delivered> batch;
        std::vector<work::HandlerResult> results;
        bool done = false;
    };
    static boost::asio::awaitable<pool::TaskResult> run(work::Handler& handler, One& one,
                                                        pool::TaskContext& context) {
        co_await handler.handle(one.batch, one.results, context);
        one.done = true;
        co_return pool::TaskResult::ok;
    }

    boost::asio::io_context loop{1};
    work::LoopTimers timers{loop};
    work::HttpOptions options;
    std::optional<work::HttpHandler> handler;
    std::vector<std::unique_ptr<One>> all;
    pool::TaskPool pool{pool::Options{}, loop};
};

// Gives each request the answer of `answer`, and keeps the requests.
class Service {
  public:
    explicit Service(std::function<std::string(const std::string&)> answer)
        : answer_(std::move(answer)), server_([this](Talk& talk) { serve(talk); }) {}
    std::string url() const { return server_.url(); }
    std::vector<std::string> requests() {
        const std::scoped_lock lock(mutex_);
        return requests_;
    }
    std::size_t connections() { return server_.connections(); }

  private:
    void serve(Talk& talk) {
        for (auto request = talk.read_request(); !request.empty(); request = talk.read_request()) {
            {
                const std::scoped_lock lock(mutex_);
                requests_.push_back(request);
            }
            talk.send(answer_(request));
        }
    }
    std::function<std::string(const std::string&)> answer_;
    std::mutex mutex_;
    std::vector<std::string> requests_;  // guarded by mutex_
    TalkingServer server_;
};

bool has_line(const std::string& request, const std::string& line) {
    return request.find("\r\n" + line + "\r\n") != request.npos;
}

}  // namespace

TEST_CASE("a message is posted as a CloudEvent in binary mode, over a connection that is kept") {
    Service service([](const std::string&) { return http_answer(204, ""); });
    HttpBench bench(service.url() + "/hook?a=1");
    bench.options.headers = {{"Authorization", "Bearer token"}, {"ce-SUBJECT", "mine"}};
    for (int i = 0; i < 3; ++i)
        CHECK(bench.result().verdict == Verdict::success);
    CHECK(service.connections() == 1);
    const auto request = service.requests().at(0);
    CHECK(request.starts_with("POST /hook?a=1 HTTP/1.1\r\n"));
    for (const char* line :
         {"ce-specversion: 1.0", "ce-id: m-1", "ce-type: post.published", "ce-source: /airy.events",
          "Content-Type: application/json", "Airy-Queue: my%20work", "Airy-Attempt: 3",
          "Airy-Redelivered: false", "Authorization: Bearer token", "ce-SUBJECT: mine",
          "Content-Length: 13"}) {
        CAPTURE(line);
        CHECK(has_line(request, line));
    }
    CHECK(request.find("ce-subject") == request.npos);
    CHECK(request.ends_with("\r\n\r\n{\"post_id\":7}"));
}

TEST_CASE("the structured and the raw form") {
    Service service([](const std::string&) { return http_answer(200, "ok"); });
    HttpBench structured(service.url());
    structured.options.format = work::HttpFormat::structured;
    CHECK(structured.result().verdict == Verdict::success);
    HttpBench raw(service.url());
    raw.options.format = work::HttpFormat::raw;
    CHECK(raw.result(to_post("text")).verdict == Verdict::success);
    const auto requests = service.requests();
    CHECK(has_line(requests[0], "Content-Type: application/cloudevents+json; charset=utf-8"));
    CHECK(requests[0].find(R"("data":{"post_id":7}})") != std::string::npos);
    CHECK(requests[0].find("ce-") == std::string::npos);
    CHECK(requests[1].ends_with("\r\n\r\ntext"));
    CHECK(has_line(requests[1], "Airy-Topic: post.published"));
    CHECK(has_line(requests[1], "Airy-Event-Id: m-1"));
    CHECK(has_line(requests[1], "Airy-Event-Type: post.published"));
    CHECK(requests[1].find("ce-") == std::string::npos);
}

TEST_CASE("a failure keeps 1 KiB of the answer, and no secret") {
    const std::string long_answer = "your token is topsecret" + std::string(1 << 20, 'x');
    Service service([&](const std::string&) { return http_answer(403, long_answer); });
    HttpBench bench(service.url());
    bench.options.mask = util::SecretMask({"topsecret"});
    const auto result = bench.result();
    CHECK(result.verdict == Verdict::reject);
    CHECK(result.detail.code == 403);
    CHECK(result.detail.line.starts_with("HTTP 403: your token is ***xxx"));
    CHECK(result.detail.line.size() == 10 + 1024);
}

TEST_CASE("the reply is the answer with its type and encoding") {
    Service service([](const std::string&) {
        return "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Type: text/csv\r\n"
               "Content-Encoding: gzip\r\n\r\na,b";
    });
    HttpBench bench(service.url());
    bench.options.most_of_reply = 100;
    auto delivered = to_post();
    delivered.message.properties.reply_to = "answers";
    const auto result = bench.result(std::move(delivered));
    REQUIRE(result.reply);
    CHECK(result.reply->body == "a,b");
    CHECK(result.reply->content_type == "text/csv");
    CHECK(result.reply->content_encoding == "gzip");
}

TEST_CASE("redirects within the origin are followed") {
    Service service([](const std::string& request) {
        if (request.starts_with("POST /a ")) return answer_with(308, "Location: /b?c=1");
        if (request.starts_with("POST /b?c=1 ")) return answer_with(302, "Location: d");
        if (request.starts_with("POST /d ") && request.ends_with("{\"post_id\":7}"))
            return http_answer(200, "");
        if (request.starts_with("POST /made ")) return answer_with(303, "Location: /page");
        if (request.starts_with("GET /page ")) return http_answer(200, "");
        if (request.starts_with("POST /away "))
            return answer_with(307, "Location: http://example.org/?token=abc");
        if (request.starts_with("POST /loop ")) return answer_with(307, "Location: /loop");
        return http_answer(404, "");
    });
    CHECK(HttpBench(service.url() + "/a").result().verdict == Verdict::success);
    CHECK(HttpBench(service.url() + "/made").result().verdict == Verdict::success);
    const auto away = HttpBench(service.url() + "/away").result();
    CHECK(away.verdict == Verdict::retry);
    CHECK(away.reason == "HTTP 307: not followed to http://example.org/?token=***");
    CHECK(away.detail.for_requester == "HTTP 307: not followed");
    const auto circle = HttpBench(service.url() + "/loop").result();
    CHECK(circle.verdict == Verdict::retry);
    CHECK(circle.reason == "HTTP 307: not followed to /loop after 5 redirects");
    CHECK(service.requests().size() == 3 + 2 + 1 + 6);
}

TEST_CASE("faults of a server are no verdict about the message, and are tried again") {
    struct Row {
        const char* name;
        std::function<void(Talk&)> script;
        std::string reason;
    };
    const std::string gigabyte_part(1 << 20, 'x');
    const Row rows[] = {
        {"silent", [](Talk& talk) { talk.hold(); }, "http://shown: no answer within 0.3 s"},
        {"half a head",
         [](Talk& talk) {
             talk.read_request();
             talk.send("HTTP/1.1 200 OK\r\nContent-Le");
             talk.hold();
         },
         "http://shown: no answer within 0.3 s"},
        {"half a body",
         [](Talk& talk) {
             talk.read_request();
             talk.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc");
         },
         "http://shown: the answer was cut off"},
        {"a reset",
         [](Talk& talk) {
             talk.read_request();
             talk.reset();
         },
         "http://shown: connection reset by peer"},
        {"an endless head",
         [&](Talk& talk) {
             talk.read_request();
             talk.send("HTTP/1.1 200 OK\r\nX: ");
             while (talk.send(gigabyte_part)) {
             }
         },
         "http://shown: the answer is not HTTP (header limit exceeded)"},
        {"endless announcements",
         [](Talk& talk) {
             talk.read_request();
             while (talk.send("HTTP/1.1 100 Continue\r\n\r\n")) {
             }
         },
         "http://shown: the answer is too large"},
        {"an endless extension of a chunk",
         [&](Talk& talk) {
             talk.read_request();
             talk.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;");
             while (talk.send(gigabyte_part)) {
             }
         },
         "http://shown: the answer is too large"},
    };
    for (const auto& row : rows) {
        CAPTURE(row.name);
        TalkingServer server(row.script);
        HttpBench bench(server.url());
        bench.options.timeout = 300ms;
        const auto result = bench.result();
        CHECK(result.verdict == Verdict::retry);
        CHECK(result.reason == row.reason);
    }
}

TEST_CASE("an endless answer ends with its status") {
    const std::string part(1 << 20, 'x');
    for (const int status : {200, 500}) {
        TalkingServer server([&](Talk& talk) {
            talk.read_request();
            talk.send("HTTP/1.1 " + std::to_string(status) +
                      " X\r\nContent-Length: 1073741824\r\n\r\n");
            while (talk.send(part)) {
            }
        });
        const auto result = HttpBench(server.url()).result();
        CHECK(result.verdict == (status == 200 ? Verdict::success : Verdict::retry));
    }
}

TEST_CASE("a server that is not there says nothing about the message") {
    std::string url;
    {
        TalkingServer gone([](Talk&) {});
        url = gone.url();
    }
    const auto result = HttpBench(url).result();
    CHECK(result.verdict == Verdict::unavailable);
    CHECK(result.reason == "http://shown: connection refused");
    CHECK(result.detail.for_requester == "connection refused");
}

TEST_CASE("many requests are under way at once, and one can be cancelled") {
    TalkingServer server([](Talk& talk) {
        talk.read_request();
        talk.hold();
    });
    HttpBench bench(server.url());
    for (int i = 0; i < 100; ++i) {
        auto delivered = to_post();
        delivered.message.properties.message_id = "m-" + std::to_string(i);
        bench.submit(std::move(delivered));
    }
    bench.run_until([&] { return server.connections() == 100; });
    CHECK(bench.handler->cancel("m-7", Verdict::reject) == 1);
    CHECK(bench.handler->cancel("m-8", Verdict::retry) == 1);
    CHECK(bench.handler->cancel("m-100", Verdict::retry) == 0);
    bench.run_until([&] { return bench.all[7]->done && bench.all[8]->done; });
    CHECK(bench.all[7]->results[0].verdict == Verdict::reject);
    CHECK(bench.all[7]->results[0].detail.line == "cancelled by an operator");
    CHECK(bench.all[8]->results[0].verdict == Verdict::retry);
    CHECK_FALSE(bench.all[9]->done);
    bench.handler->ask_to_stop();
    bench.loop.restart();
    bench.loop.run();
    for (std::size_t i = 0; i < bench.all.size(); ++i)
        if (i != 7 && i != 8) CHECK(bench.all[i]->results[0].verdict == Verdict::not_handled);
}

namespace {

struct HttpBatchBench : HttpBench {
    explicit HttpBatchBench(const std::string& url, bool split = true) : HttpBench(url) {
        options.batch = work::BatchOptions{.most = 100, .split = split};
    }
    std::vector<Verdict> verdicts(const std::vector<std::string>& ids) {
        std::vector<Verdict> verdicts;
        for (const auto& result : results(ids))
            verdicts.push_back(result.verdict);
        return verdicts;
    }
};

// The ids of the events in each request, joined.
std::vector<std::string> ids_in(const std::vector<std::string>& requests) {
    std::vector<std::string> all;
    for (const auto& request : requests) {
        std::string ids;
        const auto body = nlohmann::json::parse(request.substr(request.find("\r\n\r\n") + 4));
        for (const auto& event : body)
            ids += (ids.empty() ? "" : "+") + event.at("id").get<std::string>();
        all.push_back(std::move(ids));
    }
    return all;
}

// Answers with `status` where one of the events is `bad`, else with 204.
std::function<std::string(const std::string&)> fails_for_bad(int status) {
    return [status](const std::string& request) {
        return request.find(R"("id":"bad")") != request.npos ? http_answer(status, "bad row")
                                                             : http_answer(204, "");
    };
}

using BatchVerdicts = std::vector<Verdict>;
using RequestIds = std::vector<std::string>;

}  // namespace

TEST_CASE("a batch is one request, with an array of CloudEvents") {
    Service service([](const std::string&) { return http_answer(202, ""); });
    HttpBatchBench bench(service.url() + "/bulk");
    bench.make();
    CHECK(bench.handler->batch_limit() == 100);
    CHECK(bench.handler->retries_alone());
    CHECK(bench.verdicts({"a", "b", "c"}) == BatchVerdicts(3, Verdict::success));
    CHECK(bench.verdicts({"d"}) == BatchVerdicts{Verdict::success});
    const auto requests = service.requests();
    CHECK(ids_in(requests) == RequestIds{"a+b+c", "d"});
    const auto& request = requests[0];
    CHECK(request.starts_with("POST /bulk HTTP/1.1\r\n"));
    CHECK(has_line(request, "Content-Type: application/cloudevents-batch+json; charset=utf-8"));
    CHECK(has_line(request, "Airy-Batch-Size: 3"));
    CHECK(has_line(request, "Airy-Queue: my%20work"));
    for (const char* header : {"Airy-Attempt", "Airy-Redelivered", "ce-id", "traceparent"})
        CHECK(request.find(header) == request.npos);
    CHECK(request.find(R"("data":{"post_id":7}},{"specversion":)") != request.npos);
}

TEST_CASE("an answer that blames the content splits the batch, or fails it") {
    for (const int status : {400, 413, 422, 500}) {
        CAPTURE(status);
        const auto verdict = status == 500 ? Verdict::retry : Verdict::reject;
        Service service(fails_for_bad(status));
        HttpBatchBench bench(service.url());
        CHECK(bench.verdicts({"a", "bad", "b"}) ==
              BatchVerdicts{Verdict::success, verdict, Verdict::success});
        CHECK(bench.all[0]->results[1].reason == "HTTP " + std::to_string(status) + ": bad row");
        CHECK(ids_in(service.requests()) == RequestIds{"a+bad+b", "a", "bad", "b"});
        CHECK(has_line(service.requests()[2], "Airy-Batch-Size: 1"));
    }
    Service service(fails_for_bad(422));
    HttpBatchBench bench(service.url(), false);
    CHECK(bench.verdicts({"a", "bad", "b"}) == BatchVerdicts(3, Verdict::reject));
    CHECK_FALSE(bench.handler->retries_alone());
    CHECK(service.requests().size() == 1);
}

TEST_CASE("an answer that speaks of the service is that of all messages, and no further request") {
    for (const int status : {408, 425, 429, 502, 503, 504}) {
        CAPTURE(status);
        Service service([&](const std::string&) { return answer_with(status, "Retry-After: 7"); });
        HttpBatchBench bench(service.url());
        CHECK(bench.verdicts({"a", "b", "c"}) == BatchVerdicts(3, Verdict::retry));
        CHECK(bench.all[0]->results[2].retry_after == 7s);
        CHECK(service.requests().size() == 1);
    }
    TalkingServer silent([](Talk& talk) { talk.hold(); });
    HttpBatchBench late(silent.url());
    late.options.timeout = 200ms;
    CHECK(late.verdicts({"a", "b"}) == BatchVerdicts(2, Verdict::retry));
    CHECK(silent.connections() == 1);
    std::string gone;
    {
        TalkingServer server([](Talk&) {});
        gone = server.url();
    }
    CHECK(HttpBatchBench(gone).verdicts({"a", "b"}) == BatchVerdicts(2, Verdict::unavailable));
}

TEST_CASE("among the messages of a split batch, too, it ends the requests") {
    Service service([](const std::string& request) {
        if (request.find(R"(},{)") != request.npos) return http_answer(400, "");
        return http_answer(request.find(R"("id":"b")") != request.npos ? 503 : 204, "");
    });
    HttpBatchBench bench(service.url());
    CHECK(bench.verdicts({"a", "b", "c", "d"}) ==
          BatchVerdicts{Verdict::success, Verdict::retry, Verdict::retry, Verdict::retry});
    CHECK(ids_in(service.requests()) == RequestIds{"a+b+c+d", "a", "b"});
}

TEST_CASE("a cancelled message ends the request of its batch; the others are posted alone") {
    TalkingServer server([](Talk& talk) {
        const auto request = talk.read_request();
        if (request.find(R"("id":"b")") != request.npos) return talk.hold();
        talk.send(http_answer(204, ""));
    });
    for (const bool split : {true, false}) {
        CAPTURE(split);
        HttpBatchBench bench(server.url(), split);
        const auto before = server.connections();
        bench.submit(batch_of({"a", "b", "c"}));
        bench.run_until([&] { return server.connections() > before; });
        CHECK(bench.handler->cancel("b", Verdict::reject) == 1);
        bench.run_until([&] { return bench.all[0]->done; });
        const auto& results = bench.all[0]->results;
        const auto others = split ? Verdict::success : Verdict::retry;
        CHECK(results[0].verdict == others);
        CHECK(results[1].verdict == Verdict::reject);
        CHECK(results[1].detail.line == "cancelled by an operator");
        CHECK(results[2].verdict == others);
    }
}

TEST_CASE("a batch that is stopped says nothing about its messages, also among its parts") {
    std::atomic<bool> split = false;
    TalkingServer server([&](Talk& talk) {
        talk.read_request();
        talk.send(http_answer(400, ""));
        split = talk.read_request().ends_with("]");
        talk.hold();
    });
    HttpBatchBench bench(server.url());
    bench.submit(batch_of({"a", "b", "c"}));
    bench.run_until([&] { return split.load(); });
    bench.handler->ask_to_stop();
    bench.run_until([&] { return bench.all[0]->done; });
    for (const auto& result : bench.all[0]->results)
        CHECK(result.verdict == Verdict::not_handled);
}
