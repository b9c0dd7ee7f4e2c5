// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "util/size.hpp"

#include <doctest/doctest.h>

#include <string>

#include "util/error.hpp"

using airy::util::parse_size;

TEST_CASE("sizes with and without units") {
    CHECK(parse_size("512") == 512);
    CHECK(parse_size("512B") == 512);
    CHECK(parse_size("0") == 0);
    CHECK(parse_size("64KiB") == 65'536);
    CHECK(parse_size("10MB") == 10'000'000);
    CHECK(parse_size("3kB") == 3'000);
    CHECK(parse_size("1GiB") == 1'073'741'824);
    CHECK(parse_size("2TB") == 2'000'000'000'000);
    CHECK(parse_size("1.5MiB") == 1'572'864);
    CHECK(parse_size("18446744073709551615") == 18'446'744'073'709'551'615U);
    CHECK(parse_size("16777215TiB") == 16'777'215ULL << 40);
}

TEST_CASE("the error of an invalid size names the value and the accepted form") {
    for (const std::string bad :
         {"", "KiB", "1 KiB", "-1", "1.5", "1.", ".5MB", "1.2.3MB", "10mb", "10M", "0x10", "1e3",
          "18446744073709551616", "16777216TiB", "99999999999999999999999999999999999999999"}) {
        CAPTURE(bad);
        try {
            parse_size(bad);
            FAIL_CHECK("accepted");
        } catch (const airy::Error& error) {
            CHECK(error.kind() == airy::ErrorKind::usage);
            const std::string message = error.what();
            CHECK(message.find("'" + bad + "'") != std::string::npos);
            CHECK(message.find("64KiB") != std::string::npos);
        }
    }
}
