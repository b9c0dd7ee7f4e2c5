// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "hints.hpp"

#include <doctest/doctest.h>

#include <string>

#include "event/envelope.hpp"
#include "event_types.hpp"
#include "mq/amqp/url.hpp"

using namespace airy;
using tools::hint_for;

namespace {

template <typename Action>
std::string hint_of(Action action) {
    try {
        action();
    } catch (const Error& error) {
        return hint_for(error);
    }
    return "no error";
}

}  // namespace

TEST_CASE("an error's own hint stands first, the options of airy behind it") {
    CHECK(hint_for(Error(Reason::general, "x")).empty());
    CHECK(hint_for(Error(Reason::general, "x", "ask somebody")) == "ask somebody");
    CHECK(hint_for(Error(Reason::queue_not_found, "x")) ==
          "airy queue ls shows the queues there are");
    CHECK(hint_for(Error(Reason::nobody_listens, "x", "is RabbitMQ running there?")) ==
          "is RabbitMQ running there? airy wait --for 60s waits until it is");
    CHECK(hint_for(Error(Reason::exchange_differs, "x", "use those, or another name")) ==
          "use those, or another name; --exchange NAME takes another exchange");
}

TEST_CASE("a hint names the subject of the error") {
    CHECK(hint_of([] { event::complete(tools::catalogue(), "{}", {.topic = "post.updated"}); }) ==
          "airy event show post.updated lists its fields");
    CHECK(hint_of([] { event::complete(tools::catalogue(), "{}", {.topic = "post.publishd"}); }) ==
          "did you mean 'post.published'? airy event ls lists the types; for one of your own add "
          "--custom");
}

TEST_CASE(
    "a subject stands in the hint as a word of the shell; without one there is no such hint") {
    CHECK(hint_for(Error(Reason::in_use, "x").about("a b's")) ==
          R"(airy queue show 'a b'\''s' tells its messages and its consumers)");
    CHECK(hint_for(Error(Reason::in_use, "x")).empty());
    CHECK(tools::shell_word("post.*") == "'post.*'");
    CHECK(tools::shell_word("amqp://host:5672/") == "amqp://host:5672/");
    CHECK(tools::shell_word("") == "''");
}

TEST_CASE("the commands of a hint that talk to a broker name the broker of the command line") {
    tools::repeated_in_hints().broker = {"--url", "amqp://ann@host/?heartbeat=5", "--password-file",
                                         "FILE"};
    tools::repeated_in_hints().asks_for_password = true;
    const auto hint = hint_for(Error(Reason::nobody_listens, "x", "is RabbitMQ running there?"));
    const auto other = hint_for(Error(Reason::field_missing, "x").about("post.voted"));
    tools::repeated_in_hints() = {};
    CHECK(hint ==
          "is RabbitMQ running there? airy --url 'amqp://ann@host/?heartbeat=5' --password-file "
          "FILE wait --for 60s waits until it is; FILE has the password in its first line");
    CHECK(other == "airy event show post.voted lists its fields");
}

TEST_CASE("a command of a hint repeats only the options that it takes") {
    tools::repeated_in_hints().broker = {"--env-file", ".env"};
    tools::repeated_in_hints().management = {"--management-url", "http://m:1"};
    tools::repeated_in_hints().exchange = {"--exchange", "a b"};
    const auto of = [](const std::string& hint) {
        return hint_for(Error(Reason::usage, "x", hint));
    };
    const auto queue = of("airy queue ls shows them; so does airy ping");
    const auto declare =
        of("airy queue declare QUEUE --bind PATTERN binds one; so does a consumer");
    const auto bare = of("airy queue declare QUEUE makes it");
    const auto own = of("airy queue declare QUEUE --bind PATTERN --exchange e makes it");
    const auto publish = of("name the topic: airy publish TOPIC");
    tools::repeated_in_hints() = {};
    CHECK(queue ==
          "airy --env-file .env --management-url http://m:1 queue ls shows them; so does airy "
          "--env-file .env ping");
    CHECK(declare ==
          "airy --env-file .env --management-url http://m:1 queue declare --exchange 'a b' QUEUE "
          "--bind PATTERN binds one; so does a consumer");
    CHECK(bare == "airy --env-file .env --management-url http://m:1 queue declare QUEUE makes it");
    CHECK(own ==
          "airy --env-file .env --management-url http://m:1 queue declare QUEUE --bind PATTERN "
          "--exchange e makes it");
    CHECK(publish == "name the topic: airy --env-file .env publish --exchange 'a b' TOPIC");
}

TEST_CASE("a stream is not offered to consume") {
    const auto hint = [](const std::string& type) {
        return hint_for(
            Error(Reason::differs, "x-queue-type is " + type + ", not quorum", "x").about("q"));
    };
    CHECK(hint("classic").find("--as-is") != std::string::npos);
    CHECK(hint("stream").find("--as-is") == std::string::npos);
    CHECK(hint("stream").find("airy queue show q tells its own") != std::string::npos);
}

TEST_CASE("each parameter of a URL that is an option of its own has a hint that names the option") {
    struct Row {
        std::string parameter;
        std::string option;
    };
    for (const auto& [parameter, option] :
         {Row{"connection_timeout", "--connect-timeout"}, Row{"cacertfile", "--cacert"},
          Row{"certfile", "--cert"}, Row{"keyfile", "--key"}, Row{"verify", "--insecure"}})
        CHECK(hint_of([&] { mq::amqp::parse_amqp_url("amqps://host?" + parameter + "=x"); }) ==
              parameter + " is set by " + option);
}
