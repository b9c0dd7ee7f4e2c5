// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "env_file.hpp"

#include <doctest/doctest.h>

#include <fstream>

#include "support/temporary_directory.hpp"
#include "util/error.hpp"

using namespace airy;
using namespace airy::tools;

namespace {

Variables parsed(std::string_view text) {
    return parse_env_file(text, ".env");
}

std::string refused(std::string_view text) {
    try {
        parsed(text);
    } catch (const Error& error) {
        CHECK(error.kind() == ErrorKind::usage);
        return error.what();
    }
    return "accepted";
}

void write(const std::string& file, std::string_view text) {
    std::ofstream(file) << text;
}

}  // namespace

TEST_CASE("the lines of an env file") {
    const auto variables = parsed(
        "\xEF\xBB\xBF# Airy\n"
        "\n"
        "MQ_HOST=rabbit   # the broker\r\n"
        "  export MQ_PORT = 5673\n"
        "MQ_USER: airy\n"
        "EMPTY=\n"
        "NOTHING=# only a comment\n"
        "HASH=a#b\n"
        "SINGLE='a $MQ_HOST \\n # b'\n"
        "DOUBLE=\"a\\n\\\"b\\\" ${MQ_HOST}:$MQ_PORT \\$x\" # comment\n"
        "UNQUOTED=${MQ_HOST}/$MQ_PORT/${NONE}/$/${open\n"
        "LINES='one\ntwo'\n"
        "LAST=end");
    CHECK(variables.at("MQ_HOST") == "rabbit");
    CHECK(variables.at("MQ_PORT") == "5673");
    CHECK(variables.at("MQ_USER") == "airy");
    CHECK(variables.at("EMPTY").empty());
    CHECK(variables.at("NOTHING").empty());
    CHECK(variables.at("HASH") == "a#b");
    CHECK(variables.at("SINGLE") == "a $MQ_HOST \\n # b");
    CHECK(variables.at("DOUBLE") == "a\n\"b\" rabbit:5673 $x");
    CHECK(variables.at("UNQUOTED") == "rabbit/5673//$/${open");
    CHECK(variables.at("LINES") == "one\ntwo");
    CHECK(variables.at("LAST") == "end");
    CHECK(variables.size() == 11);
}

TEST_CASE("a wrong line is named by its number, not by its text") {
    CHECK(refused("A=1\n\nsecret\n") == "line 3 of '.env' is not of the form NAME=VALUE");
    CHECK(refused("my secret=1") == "line 1 of '.env' is not of the form NAME=VALUE");
    CHECK(refused("A='x\ny'\nB='secret") ==
          "line 3 of '.env' has a quotation mark that does not end");
    CHECK(refused("B='a' secret") == "line 1 of '.env' has text behind its quotation marks");
}

TEST_CASE("the local file comes first, and what Airy puts into a URL is decoded") {
    const test::TemporaryDirectory directory;
    const auto file = directory.path() + "/.env";
    write(file,
          "MQ_HOST=far\nMQ_USER=al%40ice\nMQ_PASSWORD=p%2Fw\nMQ_VHOST=100%\n"
          "AIRY_EXCHANGE=a%20b\nAMQP_URL=amqp://far\n");
    write(file + ".local", "MQ_HOST=near\nMQ_USER=\nAMQP_URL=amqp://near\n");
    const EnvFileSource source(file);
    CHECK(source.find(row_of(Setting::host))->text == "near");
    CHECK(source.find(row_of(Setting::host))->name == "MQ_HOST in " + file + ".local");
    CHECK(source.find(row_of(Setting::url))->text == "amqp://near");
    CHECK(source.find(row_of(Setting::user))->text == "al@ice");
    CHECK(source.find(row_of(Setting::password))->text == "p/w");
    CHECK(source.find(row_of(Setting::password))->decoded);
    CHECK(source.find(row_of(Setting::vhost))->text == "100%");
    CHECK_FALSE(source.find(row_of(Setting::vhost))->decoded);
    CHECK(source.find(row_of(Setting::exchange))->text == "a%20b");
    CHECK_FALSE(source.find(row_of(Setting::port)));
}

TEST_CASE("one of the two files suffices, and none is an error") {
    const test::TemporaryDirectory directory;
    const auto file = directory.path() + "/.env";
    const EnvFileSource none(file);
    CHECK_THROWS_AS(none.find(row_of(Setting::host)), Error);
    write(file + ".local", "MQ_HOST=near\n");
    const EnvFileSource local(file);
    CHECK(local.find(row_of(Setting::host))->text == "near");
    const std::string no_path;
    CHECK_FALSE(EnvFileSource(no_path).find(row_of(Setting::host)));
}
