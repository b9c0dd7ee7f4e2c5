// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "request/book.hpp"

#include <doctest/doctest.h>
#include <fmt/core.h>

#include <string>
#include <vector>

using namespace airy;
using namespace std::chrono_literals;
using tools::request::Book;
using tools::request::BookOptions;
using Kind = mq::Outcome::Kind;

namespace {

const util::SteadyTime outset{1h};

// A book, and what it tells: the body of a reply, `!` before an error's; `LINE: kind` of a failure.
struct Told {
    explicit Told(BookOptions options = {})
        : book(
              options,
              [this](const mq::Delivered& reply, bool is_error) {
                  log.push_back((is_error ? "!" : "") + reply.message.body);
              },
              [this](std::uint64_t line, const Error& error) {
                  log.push_back(fmt::format("{}: {}", line, static_cast<int>(error.kind())));
                  last_error = error.what();
              }) {}

    std::uint64_t ask(const std::string& id, util::SteadyTime now = outset) {
        event::Message message;
        if (!id.empty()) message.properties.message_id = id;
        const auto number = book.open(++lines, message, now);
        book.submitted(number, number);
        ids.push_back(*message.properties.correlation_id);
        return number;
    }
    void confirm(std::uint64_t sequence) { book.take(mq::Outcome{sequence, Kind::confirmed}); }
    void reply(const std::string& id, const std::string& body, bool is_error = false) {
        mq::Delivered delivered;
        delivered.message.body = body;
        delivered.message.properties.correlation_id = id;
        if (is_error) delivered.message.headers = {{"x-airy-error", {std::string("no sku")}}};
        book.take(delivered);
    }

    std::vector<std::string> log;
    std::vector<std::string> ids;
    std::string last_error;
    std::uint64_t lines = 0;
    Book book;
};

using Log = std::vector<std::string>;
constexpr auto undelivered = static_cast<int>(ErrorKind::undelivered);
constexpr auto timeout = static_cast<int>(ErrorKind::timeout);
constexpr auto handler = static_cast<int>(ErrorKind::handler);

}  // namespace

TEST_CASE("replies are told as they come, also before the confirm; others are dropped") {
    Told told;
    told.ask("a");
    told.ask("b");
    told.reply("b", "2");
    told.confirm(1);
    told.reply("unknown", "x");
    told.reply("b", "again");
    CHECK(told.book.size() == 1);
    told.reply("a", "1");
    CHECK(told.log == Log{"2", "1"});
    CHECK(told.book.empty());
    CHECK(told.book.answered() == 2);
    CHECK(told.book.replies() == 2);
    CHECK(told.book.dropped() == 2);
    told.confirm(2);  // late, and of no request any more
    CHECK(told.book.empty());
    mq::Delivered without_id;
    told.book.take(without_id);
    CHECK(told.book.dropped() == 3);
}

TEST_CASE("in order: a reply waits for those before it, and so does a failure") {
    Told told({.replies = 1, .timeout = 5s, .ordered = true, .keeps_messages = false});
    told.ask("a");
    told.ask("b");
    told.ask("c");
    told.ask("d");
    told.reply("c", "3");
    told.book.take(mq::Outcome{2, Kind::unroutable, 312, "NO_ROUTE"});
    CHECK(told.log.empty());
    CHECK(told.book.size() == 4);
    told.reply("a", "1");
    CHECK(told.log == Log{"1", fmt::format("2: {}", undelivered), "3"});
    CHECK(told.book.size() == 1);
    told.reply("d", "4");
    CHECK(told.log.back() == "4");
    CHECK(told.book.empty());
}

TEST_CASE("several replies to one request") {
    for (const bool ordered : {false, true}) {
        Told told({.replies = 2, .timeout = 5s, .ordered = ordered, .keeps_messages = false});
        told.ask("a");
        told.ask("b");
        told.confirm(1);
        told.confirm(2);
        told.reply("b", "b1");
        told.reply("a", "a1");
        told.reply("b", "b2");
        CHECK(told.log == (ordered ? Log{"a1"} : Log{"b1", "a1", "b2"}));
        told.book.expire(outset + 5s);
        CHECK(told.log.size() == 4);
        CHECK(told.last_error == "1 of 2 replies came within 5s");
        CHECK(told.book.answered() == 1);
        CHECK(told.book.failed() == 1);
        CHECK(told.book.empty());
    }
}

TEST_CASE("a request is late after its own time, and not before") {
    Told told({.replies = 1, .timeout = 5s, .ordered = false, .keeps_messages = false});
    told.ask("a", outset);
    told.ask("b", outset + 1s);
    told.confirm(1);
    CHECK(told.book.next_due() == outset + 5s);
    told.book.expire(outset + 5s - 1ns);
    CHECK(told.log.empty());
    told.book.expire(outset + 5s);
    CHECK(told.log == Log{fmt::format("1: {}", timeout)});
    CHECK(told.last_error == "no reply came within 5s");
    CHECK(told.book.next_due() == outset + 6s);
    told.reply("a", "late");
    CHECK(told.book.dropped() == 1);
    told.book.expire(outset + 1h);
    CHECK(told.log.back() == fmt::format("2: {}", undelivered));  // it was not even confirmed
    CHECK_FALSE(told.book.next_due());
}

TEST_CASE("without a limit a request waits") {
    Told told;
    told.ask("a");
    CHECK_FALSE(told.book.next_due());
    told.book.expire(outset + 24h * 365);
    CHECK(told.book.size() == 1);
}

TEST_CASE("an error's reply is the failure of its request, with the handler's words") {
    Told told;
    told.ask("a");
    told.reply("a", "", true);
    CHECK(told.log == Log{"!", fmt::format("1: {}", handler)});
    CHECK(told.last_error == "the handler gave the request up: no sku");
}

TEST_CASE("of several replies the others are awaited after an error's") {
    Told told({.replies = 2, .timeout = 5s, .ordered = false, .keeps_messages = false});
    told.ask("a");
    told.ask("b");
    told.reply("a", "", true);
    CHECK(told.book.size() == 2);
    told.reply("a", "good");
    CHECK(told.log == Log{"!", "good", fmt::format("1: {}", handler)});
    told.reply("b", "", true);
    told.book.expire(outset + 5s);
    CHECK(told.log.back() == fmt::format("2: {}", handler));
}

TEST_CASE("the correlation id is the message id, unless another open request has it") {
    Told told;
    told.ask("a");
    told.ask("a");
    told.ask("");
    CHECK(told.ids[0] == "a");
    CHECK(told.ids[1].size() == 36);
    CHECK(told.ids[2].size() == 36);
    told.reply(told.ids[1], "second");
    told.reply("a", "first");
    CHECK(told.log == Log{"second", "first"});
    told.ask("a");
    CHECK(told.ids[3] == "a");
}

TEST_CASE("after a lost connection confirmed requests go again, with the same correlation id") {
    Told told({.replies = 1, .timeout = 5s, .ordered = false, .keeps_messages = true});
    told.ask("a");
    told.ask("b");
    told.ask("c");
    told.confirm(1);
    told.confirm(2);
    told.reply("a", "1");
    CHECK(told.book.confirmed() == std::vector<Book::Number>{2});
    const auto again = told.book.message_of(2);
    REQUIRE(again);
    CHECK(again->properties.correlation_id == "b");
    told.book.submitted(2, 4);
    CHECK(told.book.confirmed().empty());
    told.confirm(4);
    CHECK(told.book.confirmed() == std::vector<Book::Number>{2});
    CHECK_FALSE(told.book.message_of(1));
    CHECK_FALSE(told.book.is_open(1));
    CHECK(told.book.is_open(3));
}

TEST_CASE("refused requests, by the broker or before they are sent") {
    Told told;
    told.ask("a");
    told.ask("b");
    told.book.take(mq::Outcome{1, Kind::refused});
    CHECK(told.last_error ==
          "the request was not delivered: the broker refused it (a full queue, or an error)");
    told.book.refuse(2, Error(ErrorKind::undelivered, "too long"));
    CHECK(told.last_error == "too long");
    told.book.refuse(2, Error(ErrorKind::undelivered, "again"));
    CHECK(told.book.failed() == 2);
    CHECK(told.book.empty());
}
