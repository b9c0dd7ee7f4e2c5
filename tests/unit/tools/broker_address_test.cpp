// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "broker_address.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "util/error.hpp"

using namespace airy;
using namespace airy::tools;

namespace {

class Variables final : public SettingSource {
  public:
    Variables(std::string host, std::string port)
        : host_(std::move(host)), port_(std::move(port)) {}

    std::optional<SettingValue> find(const SettingRow& row) const override {
        if (row.setting == Setting::host && !host_.empty()) return SettingValue{host_, "MQ_HOST"};
        if (row.setting == Setting::port && !port_.empty()) return SettingValue{port_, "MQ_PORT"};
        return std::nullopt;
    }

  private:
    std::string host_;
    std::string port_;
};

std::string address(std::string host, std::string port) {
    std::vector<std::unique_ptr<SettingSource>> sources;
    sources.push_back(std::make_unique<Variables>(std::move(host), std::move(port)));
    const auto found = broker_address(Settings(std::move(sources)));
    return found.host + " " + found.port;
}

std::string refusal(std::string host, std::string port) {
    try {
        address(std::move(host), std::move(port));
    } catch (const Error& error) {
        CHECK(error.kind() == ErrorKind::usage);
        return error.what();
    }
    return "taken";
}

}  // namespace

TEST_CASE("host and port, or what there is of them") {
    CHECK(address("", "") == "localhost 5672");
    CHECK(address("mq.internal", "") == "mq.internal 5672");
    CHECK(address("", "5673") == "localhost 5673");
    CHECK(address("::1", "5673") == "[::1] 5673");
    CHECK(address("[::1]", "") == "[::1] 5672");
    CHECK(address("a,b", "") == "a,b 5672");
}

TEST_CASE("Kubernetes' URL of a service gives both, and MQ_HOST comes first") {
    CHECK(address("", "tcp://10.96.0.11:5672") == "10.96.0.11 5672");
    CHECK(address("", "tcp://[fd00::11]:5671") == "[fd00::11] 5671");
    CHECK(address("mq.internal", "tcp://10.96.0.11:5673") == "mq.internal 5673");
}

TEST_CASE("a value that is no host or port is refused by its variable") {
    for (const char* port : {"x", "0", "65536", "5672/", "tcp://10.0.0.1", "tcp://:5672",
                             "udp://10.0.0.1:53", "tcp://10.0.0.1:5672/"})
        CHECK(refusal("", port) == "MQ_PORT is '" + std::string(port) + "'");
    CHECK(refusal("", "tcp://u:secret@h:5672") == "MQ_PORT cannot be used");
    CHECK(refusal("rabbit:5672", "") == "MQ_HOST is 'rabbit:5672'");
    CHECK(refusal("[::1]:5672", "") == "MQ_HOST is '[::1]:5672'");
    CHECK(refusal("amqp://user:secret@rabbit", "") ==
          "MQ_HOST is not the name or address of a host");
}
