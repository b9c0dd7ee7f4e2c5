// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
// A command for several messages at once, with real processes.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fstream>
#include <functional>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "pool/pool.hpp"
#include "tests/support/temporary_directory.hpp"
#include "util/fd.hpp"
#include "work/command_handler.hpp"

using namespace airy;
using work::HandlerResult;
using work::Verdict;

namespace {

using Verdicts = std::vector<Verdict>;

// Runs a shell script as the command of one batch, in a directory of its own.
class BatchBench {
  public:
    explicit BatchBench(const std::string& script, work::BatchOptions batch = {.most = 100}) {
        options_.batch = batch;
        handler.emplace(loop, timers_,
                        work::find_command({"/bin/sh", "-c", "cd \"$0\"\n" + script, path("")}, ""),
                        options_, out_, err_);
    }

    // Messages with these bodies and, as their ids, these bodies.
    void handle(const std::vector<std::string>& bodies) {
        for (const auto& body : bodies) {
            mq::Delivered delivered;
            delivered.queue = "work";
            delivered.message.topic = "post.published";
            delivered.message.body = body;
            delivered.message.properties.message_id = body;
            batch.push_back(std::move(delivered));
        }
        results.assign(batch.size(), {.verdict = Verdict::not_handled});
        pool::TaskPool pool(pool::Options{}, loop);
        pool.submit_async(
            pool::AsyncTask([this](pool::TaskContext& context) { return run(context); }));
        while (!done_)
            loop.run_one();
        loop.poll();
    }
    // Calls `act` once the file is there.
    void when_there(const std::string& file, std::function<void()> act) {
        waiting_.expires_after(std::chrono::milliseconds(5));
        waiting_.async_wait([this, file, act = std::move(act)](const auto& error) mutable {
            if (error) return;
            if (::access(path(file).c_str(), F_OK) != 0) return when_there(file, std::move(act));
            act();
        });
    }

    Verdicts verdicts() const {
        Verdicts all;
        for (const auto& result : results)
            all.push_back(result.verdict);
        return all;
    }
    std::string path(const std::string& file) const { return directory_.path() + "/" + file; }
    std::string content(const std::string& file) const {
        std::ifstream in(path(file));
        return {std::istreambuf_iterator<char>(in), {}};
    }

    boost::asio::io_context loop{1};
    std::optional<work::CommandHandler> handler;
    std::vector<mq::Delivered> batch;
    std::vector<HandlerResult> results;
    std::size_t alone = 0;  // messages that were handled so

  private:
    boost::asio::awaitable<pool::TaskResult> run(pool::TaskContext& context) {
        co_await handler->handle(batch, results, context);
        // As the consumer does.
        const std::span all(batch);
        for (std::size_t i = 0; i < all.size(); ++i) {
            if (results[i].verdict != Verdict::alone) continue;
            ++alone;
            results[i] = {.verdict = Verdict::not_handled};
            co_await handler->handle(all.subspan(i, 1), {&results[i], 1}, context);
        }
        waiting_.cancel();
        done_ = true;
        co_return pool::TaskResult::ok;
    }

    test::TemporaryDirectory directory_;
    work::LoopTimers timers_{loop};
    util::Fd file_{::open(path("out").c_str(), O_CREAT | O_WRONLY | O_APPEND, 0600)};
    work::OutputStream out_{loop, timers_, file_.get()};
    work::OutputStream err_{loop, timers_, file_.get()};
    work::CommandOptions options_;
    boost::asio::steady_timer waiting_{loop};
    bool done_ = false;
};

constexpr auto ok = Verdict::success;

}  // namespace

TEST_CASE("a batch is message lines with ids; exit status 0 acks all") {
    BatchBench bench("cat >in; echo $AIRY_BATCH_SIZE $AIRY_QUEUE $AIRY_TOPIC; echo done >&2");
    bench.handle({R"({"post_id":9007199254740993})", "text", R"({"b":2})"});
    CHECK(bench.verdicts() == Verdicts{ok, ok, ok});
    const auto lines = bench.content("in");
    CHECK(std::ranges::count(lines, '\n') == 3);
    CHECK(lines.starts_with(R"({"id":1,"topic":"post.published",)"));
    CHECK(lines.find(R"("body":{"post_id":9007199254740993}})") != lines.npos);
    CHECK(lines.find(R"({"id":2,)") != lines.npos);
    CHECK(lines.find(R"("body_text":"text")") != lines.npos);
    const auto out = bench.content("out");
    CHECK(out.find("3 work\n") != out.npos);
    CHECK(out.find("done\n") != out.npos);
}

TEST_CASE("a batch is one JSON array where that is wanted") {
    BatchBench bench("cat >in", {.most = 100, .format = work::BatchFormat::array});
    bench.handle({"1", "2"});
    const auto array = nlohmann::json::parse(bench.content("in"));
    REQUIRE(array.size() == 2);
    CHECK(array[1].at("id") == 2);
    CHECK(array[1].at("body") == 2);
    CHECK(std::ranges::count(bench.content("in"), '\n') == 1);
}

TEST_CASE("after a failed batch each message is handled alone, and keeps its own verdict") {
    const std::string script = R"(
        in=$(cat); echo $AIRY_BATCH_SIZE >>sizes
        case $in in *bad*) exit 65;; *busy*) exit 4;; *later*) echo sorry >&2; exit 75;; esac)";
    BatchBench bench(script);
    bench.handle({"a", "bad", "busy", "b", "later"});
    CHECK(bench.verdicts() == Verdicts{ok, Verdict::reject, Verdict::requeue, ok, Verdict::retry});
    CHECK(bench.content("sizes") == "5\n1\n1\n1\n1\n1\n");
    CHECK(bench.results[4].reason == "exit status 75: sorry");
    CHECK(bench.results[4].detail.line == "sorry");
}

TEST_CASE("a batch that is killed, or takes too long, is handled one by one as well") {
    SUBCASE("killed") {
        BatchBench bench("test $AIRY_BATCH_SIZE = 1 || kill -9 $$");
        bench.handle({"a", "b"});
        CHECK(bench.verdicts() == Verdicts{ok, ok});
    }
    SUBCASE("one of them takes the command down") {
        BatchBench bench("if grep -q bad; then kill -9 $$; fi");
        bench.handle({"a", "bad", "b"});
        CHECK(bench.verdicts() == Verdicts{ok, Verdict::retry, ok});
        CHECK(bench.results[1].reason == "killed by SIGKILL");
    }
}

TEST_CASE("all fail with their batch where that is wanted") {
    BatchBench bench("echo broken >&2; exit 65", {.most = 100, .split = false});
    bench.handle({"a", "b"});
    CHECK(bench.verdicts() == Verdicts{Verdict::reject, Verdict::reject});
    CHECK(bench.results[1].reason == "exit status 65: broken");
}

TEST_CASE("the command answers for single messages; the rest of its output passes through") {
    const std::string answers = R"(
        echo '{"id":2,"result":"reject","reason":"no such post"}'
        echo working
        echo '{"id":1,"result":"ok"}'
        echo '{"id":1,"result":"reject"}'
        echo '{"id":9,"result":"reject"}'
        echo '{"id":3,"result":"perhaps"}'
        echo '{"id":"3","result":"retry","delay":"30s"}')";
    SUBCASE("each message has an answer") {
        for (const char* end : {"exit 0", "exit 65", "kill -9 $$"}) {
            CAPTURE(end);
            BatchBench bench(answers + "\n" + end);
            bench.handle({"a", "b", "c"});
            CHECK(bench.verdicts() == Verdicts{ok, Verdict::reject, Verdict::retry});
            CHECK(bench.results[1].reason == "no such post");
            CHECK(bench.results[2].retry_after == std::chrono::seconds(30));
            CHECK(bench.content("out") ==
                  "working\n{\"id\":1,\"result\":\"reject\"}\n{\"id\":9,\"result\":\"reject\"}\n"
                  "{\"id\":3,\"result\":\"perhaps\"}\n");
        }
    }
    SUBCASE("a message without an answer is tried again") {
        BatchBench bench(answers);
        bench.handle({"a", "b", "c", "d"});
        CHECK(bench.verdicts() == Verdicts{ok, Verdict::reject, Verdict::retry, Verdict::retry});
        CHECK(bench.results[3].reason ==
              R"(an answer for no message of the batch: {"id":9,"result":"reject"})");
    }
    SUBCASE("also where nothing else is wrong") {
        BatchBench bench(R"(echo '{"id":2,"result":"reject"}')");
        bench.handle({"a", "b"});
        CHECK(bench.verdicts() == Verdicts{Verdict::retry, Verdict::reject});
        CHECK(bench.results[0].reason == "the command answered for others only");
    }
    SUBCASE("what has no answer when the command fails is handled alone") {
        BatchBench bench(
            "test $AIRY_BATCH_SIZE = 1 && exit 0\necho '{\"id\":1,\"result\":\"reject\"}'\nexit 1");
        bench.handle({"a", "b", "c"});
        CHECK(bench.verdicts() == Verdicts{Verdict::reject, ok, ok});
    }
}

TEST_CASE("an answer that cannot be read acknowledges nothing") {
    const auto retry = Verdict::retry;
    SUBCASE("of a message that it names") {
        for (const char* line : {
                 R"({"id":1,"result":"retry","delay":5})",
                 R"({"id":1,"result":"failed"})",
                 R"([{"id":1,"result":"reject"}])",
                 R"({'id': 1, 'result': 'retry'})",
             }) {
            CAPTURE(line);
            BatchBench bench("cat >/dev/null; cat <<'END'\n" + std::string(line) +
                             "\n{\"id\":2,\"result\":\"ok\"}\nEND");
            bench.handle({"a", "b"});
            CHECK(bench.verdicts() == Verdicts{retry, ok});
            CHECK(bench.results[0].reason.starts_with("no answer ("));
            CHECK(bench.results[0].reason.ends_with(line));
            CHECK(bench.results[0].detail.line == bench.results[0].reason);
            CHECK(bench.content("out") == std::string(line) + "\n");
        }
    }
    SUBCASE("of any where it names none, of those without an answer") {
        BatchBench bench(R"(echo '{"id":2,"result":"ok"}'; echo '{"id":"x","result":"retry"}')");
        bench.handle({"a", "b", "c"});
        CHECK(bench.verdicts() == Verdicts{retry, ok, retry});
        CHECK(bench.results[2].reason.ends_with(R"({"id":"x","result":"retry"})"));
    }
    SUBCASE("over several lines") {
        BatchBench bench(R"(printf '{\n  "id": 1,\n  "result": "retry"\n}\n')");
        bench.handle({"a", "b"});
        CHECK(bench.verdicts() == Verdicts{retry, retry});
    }
    SUBCASE("where it is too long, and an answer in its rest does not count") {
        BatchBench bench(R"(
            printf '{"id":1,"result":"reject","reason":"'
            head -c 65500 /dev/zero | tr '\0' x
            printf '{"id":2,"result":"reject"}\n{"id":3,"result":"ok"}\n')");
        bench.handle({"a", "b", "c"});
        CHECK(bench.verdicts() == Verdicts{retry, retry, ok});
        CHECK(bench.results[0].reason.starts_with("no answer ("));
        CHECK(bench.results[1].reason == "the command answered for others only");
    }
    SUBCASE("where the batch fails, its messages are handled alone") {
        BatchBench bench(R"(
            if test $AIRY_BATCH_SIZE = 1; then echo '{"id":1,"result":"requeue"}'; exit; fi
            echo '{"id":1,"result":"perhaps"}'; exit 1)");
        bench.handle({"a", "b"});
        CHECK(bench.verdicts() == Verdicts{Verdict::requeue, Verdict::requeue});
    }
    SUBCASE("where all fail with their batch, it is still tried again") {
        BatchBench bench(R"(echo '{"id":1,"result":"perhaps"}'; exit 65)",
                         {.most = 100, .split = false});
        bench.handle({"a", "b"});
        CHECK(bench.verdicts() == Verdicts{retry, Verdict::reject});
    }
}

TEST_CASE("messages that a command passes on are no answers") {
    for (const auto format : {work::BatchFormat::lines, work::BatchFormat::array}) {
        BatchBench bench("cat", {.most = 100, .format = format});
        bench.handle({R"({"id":2,"result":"retry"})", std::string(100'000, 'x')});
        CHECK(bench.verdicts() == Verdicts{ok, ok});
    }
}

TEST_CASE("a cancelled message ends its batch; the others are handled alone") {
    BatchBench bench("test $AIRY_BATCH_SIZE = 1 && exit 0; echo >begun; sleep 60");
    std::size_t found = 0;
    bench.when_there("begun", [&] { found = bench.handler->cancel("b", Verdict::reject); });
    bench.handle({"a", "b", "c"});
    CHECK(found == 1);
    CHECK(bench.verdicts() == Verdicts{ok, Verdict::reject, ok});
    CHECK(bench.results[1].reason.starts_with("cancelled by an operator"));
}

TEST_CASE("a batch that is stopped says nothing about its messages") {
    BatchBench bench("echo >begun; sleep 60");
    SUBCASE("by the consumer") {
        bench.when_there("begun", [&] { bench.handler->ask_to_stop(); });
        bench.handle({"a", "b"});
        CHECK(bench.verdicts() == Verdicts{Verdict::not_handled, Verdict::not_handled});
    }
    SUBCASE("by a signal that may be meant for the consumer, too") {
        BatchBench other("kill -TERM $$; sleep 60");
        other.handle({"a", "b"});
        CHECK(other.verdicts() == Verdicts{Verdict::retry, Verdict::retry});
        CHECK(other.results[0].interrupted);
        CHECK(other.results[1].interrupted);
    }
}
