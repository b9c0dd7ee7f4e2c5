// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "consume/http_headers.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <string>
#include <vector>

#include "support/temporary_directory.hpp"
#include "util/error.hpp"

using namespace airy;
using tools::consume::read_http_headers;

namespace {

using Texts = std::vector<std::string>;

Texts header_lines(const Texts& options, const std::string& file = {}) {
    Texts lines;
    for (const auto& [name, value] : read_http_headers(options, file))
        lines.push_back(name + "=" + value);
    return lines;
}

struct HeaderFiles {
    test::TemporaryDirectory directory;
    std::string write(const std::string& name, const std::string& text) const {
        const auto path = directory.path() + "/" + name;
        std::ofstream(path) << text;
        return path;
    }
};

}  // namespace

TEST_CASE("headers come from options and files") {
    const HeaderFiles files;
    const auto token = files.write("token", "Bearer abc\n");
    const auto headers =
        files.write("headers", "# comment\n\nX-Key:  secret \r\nX-Empty:\nlast: 1");
    CHECK(header_lines({"A: b", "C:d:e", "Authorization: @" + token}, headers) ==
          Texts{"A=b", "C=d:e", "Authorization=Bearer abc", "X-Key=secret", "X-Empty=", "last=1"});
    CHECK(header_lines({}).empty());
    // In a file a value is as it stands there.
    CHECK(header_lines({}, files.write("at", "X: @name\n")) == Texts{"X=@name"});
}

TEST_CASE("what is wrong is told without the value") {
    const HeaderFiles files;
    const auto large = files.write("large", std::string(70'000, 'x'));
    const auto bad = files.write("bad", "hidden");
    for (const auto& option : Texts{"hidden", ": hidden", "A: @" + large, "A: @/none/hidden",
                                    "A: @" + files.directory.path()}) {
        CAPTURE(option);
        try {
            read_http_headers({option}, {});
            CHECK(false);
        } catch (const Error& error) {
            CHECK(error.kind() == ErrorKind::usage);
            CHECK(std::string(error.what()).starts_with("--http-header: "));
        }
    }
    try {
        read_http_headers({}, bad);
        CHECK(false);
    } catch (const Error& error) {
        CHECK(std::string(error.what()) == "--http-header-file: a header reads NAME: VALUE");
    }
}
