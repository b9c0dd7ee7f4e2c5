// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "publish/header_option.hpp"

#include <doctest/doctest.h>

#include <limits>

#include "util/error.hpp"

using namespace airy;
using event::HeaderField;
using event::HeaderValue;
using tools::publish::header_of;

namespace {

template <typename T>
HeaderField field(const std::string& name, T value) {
    return {name, HeaderValue{std::move(value)}};
}

std::string mistake_in(const std::string& option) {
    try {
        header_of(option);
    } catch (const Error& error) {
        CHECK(error.kind() == ErrorKind::usage);
        return error.what();
    }
    return {};
}

}  // namespace

TEST_CASE("a header without a type is a string") {
    CHECK(header_of("a=b") == field("a", std::string("b")));
    CHECK(header_of("c=d=e:int") == field("c", std::string("d=e:int")));
    CHECK(header_of("n=5") == field("n", std::string("5")));
    CHECK(header_of("empty=") == field("empty", std::string()));
}

TEST_CASE("a header has the type that stands behind its name") {
    CHECK(header_of("k:int=5") == field("k", std::int64_t{5}));
    CHECK(header_of("k:int64=-9223372036854775808") ==
          field("k", std::numeric_limits<std::int64_t>::min()));
    CHECK(header_of("k:int8=-128") == field("k", std::int8_t{-128}));
    CHECK(header_of("k:uint8=255") == field("k", std::uint8_t{255}));
    CHECK(header_of("k:int16=-1") == field("k", std::int16_t{-1}));
    CHECK(header_of("k:uint16=65535") == field("k", std::uint16_t{65535}));
    CHECK(header_of("k:int32=7") == field("k", std::int32_t{7}));
    CHECK(header_of("k:uint32=7") == field("k", std::uint32_t{7}));
    CHECK(header_of("k:uint64=18446744073709551615") ==
          field("k", std::numeric_limits<std::uint64_t>::max()));
    CHECK(header_of("k:double=1.5") == field("k", 1.5));
    CHECK(header_of("k:double=2") == field("k", 2.0));
    CHECK(header_of("k:float=0.5") == field("k", 0.5f));
    CHECK(header_of("k:decimal=12.50") == field("k", event::HeaderDecimal{2, 1250}));
    CHECK(header_of("k:decimal=3") == field("k", event::HeaderDecimal{0, 3}));
    CHECK(header_of("k:bool=true") == field("k", true));
    CHECK(header_of("k:string=5") == field("k", std::string("5")));
    CHECK(header_of("urn:x:string=5") == field("urn:x", std::string("5")));
    CHECK(header_of("k:timestamp=1700000000") == field("k", event::HeaderTimestamp{1700000000}));
    CHECK(header_of("k:timestamp=2023-11-14T22:13:20Z") ==
          field("k", event::HeaderTimestamp{1700000000}));
    CHECK(header_of("k:bytes=AAE=") == field("k", event::HeaderBytes{std::string("\0\x01", 2)}));
    CHECK(header_of("k:void=") == HeaderField{"k", HeaderValue{}});
    CHECK(header_of("k:string=\xFF") == field("k", std::string("\xFF")));
    const auto json = header_of(R"(k:json={"a":[1,"x"]})");
    const auto* const table = std::get_if<event::HeaderTable>(&json.second.value);
    REQUIRE(table != nullptr);
    CHECK(std::get<event::HeaderArray>(table->front().second.value).size() == 2);
}

TEST_CASE("a wrong header names the option, the value and the needed form") {
    CHECK(mistake_in("a") == "--header 'a' is not NAME=VALUE or NAME:TYPE=VALUE");
    CHECK(mistake_in("=b") == "--header '=b' is not NAME=VALUE or NAME:TYPE=VALUE");
    CHECK(mistake_in(":int=5") == "--header ':int=5' has no name");
    CHECK(mistake_in("k:itn=5") == "--header 'k:itn=5': there is no type 'itn'");
    CHECK(mistake_in("k:int8=300") == "--header 'k:int8=300': '300' is not an integer of 8 bits");
    CHECK(mistake_in("k:float=1e39").ends_with("'1e39' is not a number up to 3.4e38"));
    CHECK(mistake_in("k:decimal=99999999999").find("up to 4294967295") != std::string::npos);
    // JSON that is right is not called wrong.
    CHECK(mistake_in("k:json=12345678901234567890").find("is not JSON") == std::string::npos);
    CHECK(mistake_in("k:json=[1e400]").find("cannot be a header: ") != std::string::npos);
    for (const auto* wrong :
         {"k:int=x", "k:int=1.5", "k:int=", "k:int= 5", "k:uint8=-1", "k:bool=yes", "k:double=NaN",
          "k:double=1e999", "k:decimal=-1", "k:decimal=1.", "k:decimal=99999999999", "k:bytes=!",
          "k:timestamp=today", "k:timestamp=1969-01-01T00:00:00Z", "k:void=x", "k:json={"})
        CHECK_MESSAGE(!mistake_in(wrong).empty(), wrong);
}
