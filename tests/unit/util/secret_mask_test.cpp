// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "util/secret_mask.hpp"

#include <doctest/doctest.h>

using airy::util::SecretMask;

TEST_CASE("secrets are replaced wherever they are") {
    const SecretMask mask({"token", "Bearer token", "abc", ""});
    CHECK(mask.longest() == 12);
    CHECK(mask.masked("") == "");
    CHECK(mask.masked("nothing") == "nothing");
    CHECK(mask.masked("a Bearer token, a token and abc") == "a ***, a *** and abc");
    CHECK(mask.masked("tokentoken") == "******");
    CHECK(SecretMask().masked("text") == "text");
}

TEST_CASE("the beginning of a secret at the end of a text that was cut") {
    const SecretMask mask({"topsecret", "another"});
    CHECK(mask.masked("it is topsec", true) == "it is ***");
    CHECK(mask.masked("it is topsecret", true) == "it is ***");
    CHECK(mask.masked("it is top", true) == "it is top");
    CHECK(mask.masked("it is topsec") == "it is topsec");
    CHECK(mask.masked("anot", true) == "***");
}
