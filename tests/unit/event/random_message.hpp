// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <bit>
#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "event/message.hpp"

namespace airy::event {

// Random messages of every shape that AMQP allows; the same seed gives the same messages.
class RandomMessages {
  public:
    explicit RandomMessages(unsigned seed) : random_(seed) {}

    Message next() {
        Message message;
        message.exchange = text();
        message.topic = text();
        message.properties = properties();
        message.has_headers = one_in(2);
        if (message.has_headers) message.headers = table(0);
        message.body = body();
        return message;
    }

    bool one_in(unsigned n) { return random_() % n == 0; }

    std::string text() {
        static const std::vector<std::string> pieces{
            "a",    "post", ".",   "\"",          "\\",
            "\n",   "\r",   "\t",  "/",           "~",
            "é",    "世",   "🎉",   " ",           std::string(1, '\0'),
            "\x1f", "\x7f", "<&>", "\xE2\x80\xA8"};
        std::string out;
        for (auto n = random_() % 6; n-- > 0;)
            out += one_in(25) ? std::string(1, static_cast<char>(0x80 + random_() % 128))
                              : pieces[random_() % pieces.size()];
        return out;
    }

    std::string bytes() {
        std::string out(random_() % 20, '\0');
        for (auto& c : out)
            c = static_cast<char>(random_());
        return out;
    }

    std::string body() {
        static const std::vector<std::string> bodies{
            R"({"post_id":9223372036854775807,"title":"\u003cb\u003e","x":1.50e+3})",
            R"( {"leading":"space"})",
            "{\"trailing\":\"newline\"}\n",
            "{\n  \"pretty\": [1, 2]\n}",
            "{\"carriage\":\r1}",
            R"({"a" : 1 ,	"tab":2})",
            "null",
            "true",
            "-0.0",
            "[1,2,{}]",
            "\"text\"",
            "\"\\ud83d\"",
            "{\"a\":1,\"a\":2}",
            "",
            "plain text",
            "{\"cut\":",
            "NaN",
            "{} {}",
            "\xEF\xBB\xBF{}",
            std::string(512, '[') + std::string(512, ']'),
            std::string(513, '[') + std::string(513, ']'),
        };
        if (one_in(4)) return bytes();
        return one_in(4) ? text() : bodies[random_() % bodies.size()];
    }

  private:
    std::optional<std::string> maybe_text() {
        if (one_in(2)) return std::nullopt;
        return text();
    }

    Properties properties() {
        Properties p;
        p.content_type = maybe_text();
        p.content_encoding = maybe_text();
        if (one_in(2)) p.delivery_mode = static_cast<std::uint8_t>(random_());
        if (one_in(2)) p.priority = static_cast<std::uint8_t>(random_());
        p.correlation_id = maybe_text();
        p.reply_to = maybe_text();
        p.expiration = maybe_text();
        p.message_id = maybe_text();
        if (one_in(2)) p.timestamp = random_();
        p.type = maybe_text();
        p.user_id = maybe_text();
        p.app_id = maybe_text();
        p.cluster_id = maybe_text();
        return p;
    }

    HeaderTable table(int depth) {
        HeaderTable table;
        for (auto n = random_() % 5; n-- > 0;)
            table.emplace_back(text(), value(depth + 1));
        return table;
    }

    template <typename T>
    T integer() {
        return static_cast<T>(random_() >> (random_() % 64));
    }

    double real() {
        switch (random_() % 4) {
            case 0:
                return std::bit_cast<double>(random_());  // also NaNs of every kind
            case 1:
                return static_cast<double>(static_cast<int>(random_() % 9) - 4);
            case 2:
                return static_cast<double>(integer<std::int64_t>()) / 1000;
            default: {
                static const std::vector<double> edges{0.0,
                                                       -0.0,
                                                       1e300,
                                                       5e-324,
                                                       1e21,
                                                       123456.0,
                                                       std::bit_cast<double>(0x7ff0000000000000U),
                                                       std::bit_cast<double>(0xfff0000000000000U),
                                                       std::bit_cast<double>(0x7ff8000000000000U)};
                return edges[random_() % edges.size()];
            }
        }
    }

    HeaderValue value(int depth) {
        switch (random_() % (depth < 4 ? 18U : 16U)) {
            case 0:
                return {};
            case 1:
                return {one_in(2)};
            case 2:
                return {integer<std::int8_t>()};
            case 3:
                return {integer<std::uint8_t>()};
            case 4:
                return {integer<std::int16_t>()};
            case 5:
                return {integer<std::uint16_t>()};
            case 6:
                return {integer<std::int32_t>()};
            case 7:
                return {integer<std::uint32_t>()};
            case 8:
                return {integer<std::int64_t>()};
            case 9:
                return {integer<std::uint64_t>()};
            case 10:
                return {one_in(2) ? std::bit_cast<float>(static_cast<std::uint32_t>(random_()))
                                  : static_cast<float>(static_cast<int>(random_() % 64)) / 8};
            case 11:
                return {real()};
            case 12:
                return {HeaderDecimal{integer<std::uint8_t>(), integer<std::uint32_t>()}};
            case 13:
                return {text()};
            case 14:
                return {HeaderBytes{bytes()}};
            case 15:
                return {HeaderTimestamp{integer<std::uint64_t>()}};
            case 16: {
                HeaderArray array;
                for (auto n = random_() % 4; n-- > 0;)
                    array.push_back(value(depth + 1));
                return {std::move(array)};
            }
            default:
                return {table(depth)};
        }
    }

    std::mt19937_64 random_;
};

}  // namespace airy::event
