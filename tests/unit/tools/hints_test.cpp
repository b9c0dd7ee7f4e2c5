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
    tools::hints_name_broker("amqp://guest:***@host/");
    const auto hint = hint_for(Error(Reason::nobody_listens, "x", "is RabbitMQ running there?"));
    const auto other = hint_for(Error(Reason::field_missing, "x").about("post.voted"));
    tools::hints_name_broker("");
    CHECK(hint ==
          "is RabbitMQ running there? airy --url 'amqp://guest:***@host/' wait --for 60s "
          "waits until it is");
    CHECK(other == "airy event show post.voted lists its fields");
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
