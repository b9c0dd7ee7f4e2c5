// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "net/url.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace airy;
using net::HostFault;
using net::HostPort;

TEST_CASE("a URL is split, and nothing is decoded") {
    const auto parts = net::split_url("amqps://al%40ice:p:w@a:1,[::1]:2/v%2Fh/x?k=1&l#m");
    REQUIRE(parts);
    CHECK(parts->scheme == "amqps");
    CHECK(parts->user == "al%40ice");
    CHECK(parts->password == "p:w");
    CHECK(parts->hosts == "a:1,[::1]:2");
    CHECK(parts->path == "/v%2Fh/x");
    CHECK(parts->query == "k=1&l#m");
}

TEST_CASE("missing parts of a URL are absent, not empty") {
    auto parts = net::split_url("x://");
    REQUIRE(parts);
    CHECK_FALSE(parts->user);
    CHECK_FALSE(parts->password);
    CHECK(parts->hosts.empty());
    CHECK(parts->path.empty());
    CHECK_FALSE(parts->query);
    parts = net::split_url("x://u@h/?");
    REQUIRE(parts);
    CHECK(parts->user == "u");
    CHECK_FALSE(parts->password);
    CHECK(parts->path == "/");
    CHECK(parts->query == "");
    CHECK(net::split_url("x://u:@h")->password == "");
    CHECK(net::split_url("x://@h")->user == "");
    // The last @ ends the login; the first ? begins the query, even in front of a /.
    CHECK(net::split_url("x://u:p@q@h")->password == "p@q");
    CHECK(net::split_url("x://h?a/b@c")->hosts == "h");
}

TEST_CASE("a text without a scheme is not a URL") {
    for (const char* text : {"", "host", "host:80", "x:/h", "u:p@h://x", "a/b://x", "a b://x"})
        CHECK_FALSE(net::split_url(text));
}

TEST_CASE("host and port") {
    HostPort split;
    CHECK_FALSE(net::split_host_port("a:80", split));
    CHECK(split.host == "a");
    CHECK(split.port == "80");
    CHECK_FALSE(split.bracketed);
    CHECK_FALSE(net::split_host_port("[::1]:", split));
    CHECK(split.host == "::1");
    CHECK(split.port == "");
    CHECK(split.bracketed);
    CHECK_FALSE(net::split_host_port("[::1]", split));
    CHECK_FALSE(split.port);
    CHECK_FALSE(net::split_host_port("a", split));
    CHECK_FALSE(split.port);
    CHECK_FALSE(net::split_host_port("a:b:80", split));
    CHECK(split.host == "a:b");
    CHECK(net::split_host_port("[::1", split) == HostFault::open_bracket);
    CHECK(net::split_host_port("[::1]80", split) == HostFault::text_behind_bracket);
}

TEST_CASE("hosts of a list") {
    using List = std::vector<std::string_view>;
    CHECK(net::split_hosts("a:1,b,[::1]") == List{"a:1", "b", "[::1]"});
    CHECK(net::split_hosts("") == List{""});
    CHECK(net::split_hosts(",a,") == List{"", "a", ""});
}

TEST_CASE("ports") {
    CHECK(net::parse_port("0") == 0);
    CHECK(net::parse_port("65535") == 65535);
    for (const char* text : {"", "65536", "-1", "+1", "1x", " 1", "0x1", "99999999999999999999"})
        CHECK_FALSE(net::parse_port(text));
}

TEST_CASE("items of a query") {
    const auto items = net::split_query("a=1&&b&c==d&=e&");
    REQUIRE(items.size() == 4);
    CHECK(items[0].name == "a");
    CHECK(items[0].value == "1");
    CHECK(items[1].name == "b");
    CHECK(items[1].value.empty());
    CHECK(items[2].value == "=d");
    CHECK(items[3].name.empty());
    CHECK(items[3].value == "e");
}

TEST_CASE("a password is found whole, also one that is not encoded") {
    const auto found = [](std::string_view url) {
        const auto place = net::find_password(url);
        return place ? std::string(url.substr(place->begin, place->end - place->begin)) : "none";
    };
    CHECK(found("x://u:p@h:1") == ":p");
    CHECK(found("x://u:p/q?r@s@h") == ":p/q?r@s");
    CHECK(found("u:p@h") == ":p");
    CHECK(found("u:p@h://x") == ":p");
    CHECK(found("x://u@h:1") == "none");
    CHECK(found("x://h:1") == "none");
    CHECK(found("x://:@h") == ":");
}

TEST_CASE("an @ behind the hosts makes the login unclear") {
    for (const char* text : {"x://u:p/w@h", "x://u:p?w@h", "x://u:/p@h", "x://u:5672/p@h",
                             "x://u:p@q/w@h", "x://u:p@h/v@w", "x://h:1/v@w", "x://h/?a=:@"})
        CHECK_MESSAGE(net::split_url(text)->login_unclear, text);
    for (const char* text :
         {"x://u:p@h", "x://u:p#w@h", "x://u:p@q@h/v", "x://u@h/v", "x://h/v@w", "x://h:1/v"})
        CHECK_MESSAGE(!net::split_url(text)->login_unclear, text);
}

TEST_CASE("a part that may be a piece of a password is not shown") {
    const std::string_view url = "x://u:p/w@h:80/path";
    CHECK_FALSE(net::may_show(url, url.substr(6, 1)));
    CHECK_FALSE(net::may_show(url, url.substr(8, 3)));
    CHECK(net::may_show(url, url.substr(12, 2)));
    CHECK(net::may_show(url, url.substr(url.size())));
    // A password whose host was forgotten.
    const std::string_view hostless = "x://u:secret";
    CHECK_FALSE(net::may_show(hostless, hostless.substr(6)));
}

TEST_CASE("a masked URL has no byte of a secret") {
    using net::masked_url;
    CHECK(masked_url("x://u:p@h:1/v") == "x://u:***@h:1/v");
    CHECK(masked_url("x://u:@h") == "x://u:***@h");
    CHECK(masked_url("x://u:a/b?c#d@e@h:1/v") == "x://u:***@h:1/v");
    CHECK(masked_url("x://u:p@h/v@w") == "x://u:***@w");
    CHECK(masked_url("x://u@h:1/v") == "x://u@h:1/v");
    CHECK(masked_url("x://h:1,[::1]:2/v") == "x://h:1,[::1]:2/v");
    CHECK(masked_url("u:p@h") == "u:***@h");
    CHECK(masked_url("x:u:p@h") == "x:***@h");
    CHECK(masked_url("u:p@h://x") == "u:***@h://x");
    // The host is missing, so a password stands in the place of the port.
    CHECK(masked_url("x://u:secret") == "x://u:***");
    CHECK(masked_url("x://u:sec,ret/v") == "x://u:***/v");
    CHECK(masked_url("x://u:1:2/v") == "x://u:***/v");
    CHECK(masked_url("") == "");
    CHECK(masked_url("x://") == "x://");
}

TEST_CASE("a token may be the user of an HTTP URL") {
    using net::masked_url;
    for (const char* scheme : {"http", "https", "HTTPS"}) {
        const std::string begin = std::string(scheme) + "://";
        for (const char* login :
             {"token", "token:", "token:pass", ":pass", "to@ken", "to@ken:pa/ss", "to:k@en"})
            CHECK(masked_url(begin + login + "@h:1/v?a=b") == begin + "***@h:1/v?a=***");
        CHECK(masked_url(begin + "@h:1/v") == begin + "@h:1/v");
        // An `@` in the path is none of a login.
        CHECK(masked_url(begin + "h/v@1?a") == begin + "h/v@1?***");
    }
    CHECK(masked_url("httpx://token@h") == "httpx://token@h");
    CHECK(masked_url("amqp://token@h") == "amqp://token@h");
    const std::string_view url = "http://token@h";
    CHECK_FALSE(net::may_show(url, url.substr(7, 5)));
}

TEST_CASE("values of parameters are masked, but those of open names") {
    using net::masked_url;
    constexpr std::string_view open[] = {"beat"};
    CHECK(masked_url("x://h?password=p&foo=bar&beat=5") == "x://h?password=***&foo=***&beat=***");
    CHECK(masked_url("x://u:s@h/v?beat=5&foo=bar", open) == "x://u:***@h/v?beat=5&foo=***");
    CHECK(masked_url("x://h?secret&a=", open) == "x://h?***&a=");
    // The last @ may belong to the value; then the rest of the value follows it.
    CHECK(masked_url("x://u:s@h/?password=a@b") == "x://u:***@***");
}

TEST_CASE("control characters are found") {
    CHECK(net::has_control("a\n"));
    CHECK(net::has_control("\x7f"));
    CHECK(net::has_control(std::string_view("\0", 1)));
    CHECK(
        net::has_control("a\xc2\x9b"
                         "b"));  // U+009B begins an escape sequence
    CHECK_FALSE(net::has_control("a b\xc3\xa4"));
    CHECK_FALSE(net::has_control("\xc2\xa0 \xc2"));
}
