// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "work/command_handler.hpp"

#include <doctest/doctest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <string>
#include <vector>

#include "pool/pool.hpp"

using namespace airy;
using work::message_environment;

namespace {

mq::Delivered delivered(std::string body) {
    mq::Delivered d;
    d.queue = "work";
    d.message.topic = "post.published";
    d.message.body = std::move(body);
    return d;
}

std::string value(const mq::Delivered& d, const std::string& name) {
    for (const auto& entry : message_environment(d))
        if (entry.starts_with(name + "=")) return entry.substr(name.size() + 1);
    return "not set";
}

}  // namespace

TEST_CASE("a message is described by its properties") {
    auto d = delivered("{}");
    d.message.properties.message_id = "m-1";
    d.message.properties.type = "kind";
    d.message.headers = {{"traceparent", {std::string("00-abc")}}};
    CHECK(message_environment(d) ==
          std::vector<std::string>{"AIRY_TOPIC=post.published", "AIRY_EVENT_ID=m-1",
                                   "AIRY_EVENT_TYPE=kind", "AIRY_QUEUE=work", "AIRY_ATTEMPT=1",
                                   "AIRY_REDELIVERED=false", "AIRY_MESSAGE_ID=m-1",
                                   "AIRY_TRACEPARENT=00-abc"});
    d.redelivered = true;
    d.returns = 1;
    CHECK(value(d, "AIRY_REDELIVERED") == "true");
    CHECK(value(d, "AIRY_ATTEMPT") == "2");
}

TEST_CASE("without properties the body and the topic say what they can") {
    auto d = delivered(R"({"x":{"event_id":"no"},"event_id":"e\u002d1"})");
    CHECK(value(d, "AIRY_EVENT_ID") == "e-1");
    CHECK(value(d, "AIRY_MESSAGE_ID") == "e-1");
    CHECK(value(d, "AIRY_EVENT_TYPE") == "post.published");
    CHECK(value(delivered("not json"), "AIRY_EVENT_ID") == "");
    CHECK(value(delivered(R"(["event_id"])"), "AIRY_EVENT_ID") == "");
    CHECK(value(delivered(R"({"event_id":7})"), "AIRY_EVENT_ID") == "");
}

TEST_CASE("what cannot be, or should not be, in an environment is left empty") {
    auto d = delivered("{}");
    d.message.properties.message_id = std::string("a\0b", 3);
    CHECK(value(d, "AIRY_MESSAGE_ID") == "");
    d.message.headers = {{"traceparent", {std::string(2000, 'x')}}};
    CHECK(value(d, "AIRY_TRACEPARENT") == "");
    d.message.headers = {{"traceparent", {std::int64_t{1}}}};
    CHECK(value(d, "AIRY_TRACEPARENT") == "");
}

TEST_CASE("a command that is gone is the handler's end, and its message is not handled") {
    char path[] = "/tmp/airy-command-XXXXXX";
    const int file = ::mkstemp(path);
    REQUIRE(::write(file, "#!/bin/sh\n", 10) == 10);
    ::fchmod(file, 0755);
    ::close(file);
    boost::asio::io_context loop{1};
    work::LoopTimers timers(loop);
    work::OutputStream out(loop, timers, STDOUT_FILENO);
    work::OutputStream err(loop, timers, STDERR_FILENO);
    work::CommandHandler handler(loop, timers, work::find_command({path}, ""), {}, out, err);
    ::unlink(path);
    CHECK_FALSE(handler.end());

    const std::vector<mq::Delivered> batch{delivered("{}")};
    std::vector<work::HandlerResult> results{{.verdict = work::Verdict::not_handled}};
    struct Run {
        static boost::asio::awaitable<pool::TaskResult> one(work::Handler& handler,
                                                            std::span<const mq::Delivered> batch,
                                                            std::span<work::HandlerResult> results,
                                                            pool::TaskContext& context) {
            co_await handler.handle(batch, results, context);
            co_return pool::TaskResult::ok;
        }
    };
    pool::TaskPool pool(pool::Options{}, loop);
    pool.submit_async(pool::AsyncTask(
        [&](pool::TaskContext& context) { return Run::one(handler, batch, results, context); }));
    loop.run();
    CHECK(results[0].verdict == work::Verdict::cannot_run);
    const auto end = handler.end();
    REQUIRE(end);
    CHECK_FALSE(end->unread);
    CHECK(std::string(end->error.what()) ==
          "cannot run the command any more: No such file or directory");
    CHECK(end->error.hint() == "its message went back to the queue");
}

namespace {

// Handles one message by `sh -c script`; `out` is what the command's stdout passed through.
struct Answered {
    work::HandlerResult result{};
    std::string out{};
};
Answered answer(const std::string& script, const std::optional<std::string>& reply_to,
                std::size_t most) {
    boost::asio::io_context loop{1};
    work::LoopTimers timers(loop);
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    Answered answered;
    {
        work::OutputStream out(loop, timers, ends[1]);
        work::OutputStream err(loop, timers, STDERR_FILENO);
        work::CommandOptions options;
        options.most_of_reply = most;
        work::CommandHandler handler(loop, timers,
                                     work::find_command({"sh", "-c", script}, "/bin:/usr/bin"),
                                     options, out, err);
        auto message = delivered("{}");
        message.message.properties.reply_to = reply_to;
        const std::vector<mq::Delivered> batch{message};
        std::vector<work::HandlerResult> results{{.verdict = work::Verdict::not_handled}};
        struct Run {
            static boost::asio::awaitable<pool::TaskResult> one(
                work::Handler& handler, std::span<const mq::Delivered> batch,
                std::span<work::HandlerResult> results, pool::TaskContext& context) {
                co_await handler.handle(batch, results, context);
                co_return pool::TaskResult::ok;
            }
        };
        pool::TaskPool pool(pool::Options{}, loop);
        pool.submit_async(pool::AsyncTask([&](pool::TaskContext& context) {
            return Run::one(handler, batch, results, context);
        }));
        loop.run();
        answered.result = results[0];
    }
    ::close(ends[1]);
    char chunk[4096];
    for (ssize_t n; (n = ::read(ends[0], chunk, sizeof chunk)) > 0;)
        answered.out.append(chunk, static_cast<std::size_t>(n));
    ::close(ends[0]);
    return answered;
}

}  // namespace

TEST_CASE("the stdout of a command is the reply, and does not pass through") {
    CHECK(answer("echo '{\"price\":7}'", "answers", 100).result.reply.value().body ==
          R"({"price":7})");
    CHECK(answer("echo a; echo; echo", "answers", 100).result.reply.value().body == "a\n\n");
    CHECK(answer("printf 'a\\0b'", "answers", 100).result.reply.value().body ==
          std::string("a\0b", 3));
    CHECK(answer("printf '\\377\\n'", "answers", 100).result.reply.value().body ==
          "\xff\n");  // no text
    CHECK(answer("true", "answers", 100).result.reply.value().body == "");
    CHECK(answer("echo reply", "answers", 100).out == "");
}

TEST_CASE("without an address for a reply, or on a failure, there is none") {
    const auto plain = answer("echo seen", std::nullopt, 100);
    CHECK_FALSE(plain.result.reply);
    CHECK(plain.out == "seen\n");
    CHECK_FALSE(answer("echo half; exit 75", "answers", 100).result.reply);
}

TEST_CASE("of a reply that is too long one byte too much is kept, and the command ends") {
    const auto flood = answer("yes | head -c 20000000; echo; exit 0", "answers", 1000);
    CHECK(flood.result.verdict == work::Verdict::success);
    CHECK(flood.result.reply->body.size() == 1001);
    CHECK(answer("printf 1234", "answers", 4).result.reply.value().body == "1234");
    CHECK(answer("printf '1234\\n'", "answers", 4).result.reply.value().body ==
          "1234\n");  // it is cut
    CHECK(answer("printf '1234\\n'", "answers", 5).result.reply.value().body == "1234");
}
