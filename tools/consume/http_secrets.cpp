// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "consume/http_secrets.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include "net/percent.hpp"
#include "net/url.hpp"
#include "util/json_text.hpp"
#include "util/text.hpp"

namespace airy::tools::consume {
namespace {

constexpr std::size_t shortest_word = 8;  // bytes of a word of a header, as a secret of its own

// `text` without the characters of `marks` at both ends.
std::string_view without_ends(std::string_view text, std::string_view marks) {
    text.remove_prefix(std::min(text.find_first_not_of(marks), text.size()));
    return text.substr(0, text.find_last_not_of(marks) + 1);
}

// Splits `text` at each of `marks`.
std::vector<std::string_view> split_at(std::string_view text, std::string_view marks) {
    std::vector<std::string_view> parts;
    for (;;) {
        const auto end = std::min(text.find_first_of(marks), text.size());
        parts.push_back(without_ends(text.substr(0, end), " \t"));
        if (end == text.size()) return parts;
        text.remove_prefix(end + 1);
    }
}

class SecretList {
  public:
    void add(std::string_view secret) {
        if (secret.empty()) return;
        add_once(secret);
        std::string quoted;
        util::append_json_string(quoted, secret);
        quoted = quoted.substr(1, quoted.size() - 2);
        add_once(quoted);
        // Some writers of JSON escape each slash.
        for (auto at = quoted.find('/'); at != quoted.npos; at = quoted.find('/', at + 2))
            quoted.insert(at, 1, '\\');
        add_once(quoted);
    }

    // A value that may be percent-encoded, or as a form has it, with `+` for a blank.
    void add_encoded(std::string_view secret) {
        add(secret);
        std::string decoded;
        if (!net::percent_decode(secret, decoded)) add(decoded);
        std::string form(secret);
        std::ranges::replace(form, '+', ' ');
        if (!net::percent_decode(form, decoded)) add(decoded);
    }

    void add_login(std::string_view user, std::string_view password) {
        add(user);
        add(password);
        add(std::string(user).append(":").append(password));
    }

    void add_header(std::string_view value) {
        add(value);
        for (const auto word : split_at(value, " \t"))
            if (word.size() >= shortest_word) add(word);
        const auto blank = std::min(value.find(' '), value.size());
        const auto scheme = value.substr(0, blank);
        const auto behind = without_ends(value.substr(blank), " \t");
        add(behind);
        if (util::equal_folded(scheme, "Basic"))
            if (const auto login = util::base64_decode(behind)) {
                const auto colon = std::min(login->find(':'), login->size());
                add_login(std::string_view(*login).substr(0, colon),
                          std::string_view(*login).substr(std::min(colon + 1, login->size())));
            }
        for (const auto part : split_at(behind.empty() ? value : behind, ";,"))
            add_part(part);
        if (!behind.empty())
            for (const auto part : split_at(value, ";,"))
                add_part(part);
    }

    std::vector<std::string> take() { return std::move(secrets_); }

  private:
    // A part of a list, which may be `NAME=VALUE`.
    void add_part(std::string_view part) {
        if (part.size() >= shortest_word) add(part);
        const auto equals = part.find('=');
        if (equals != part.npos) add_encoded(without_ends(part.substr(equals + 1), " \""));
    }

    void add_once(std::string_view secret) {
        if (std::ranges::find(secrets_, secret) == secrets_.end()) secrets_.emplace_back(secret);
    }

    std::vector<std::string> secrets_;
};

}  // namespace

std::vector<std::string> secrets_of(const std::vector<net::HttpHeader>& headers) {
    SecretList list;
    for (const auto& header : headers)
        list.add_header(header.value);
    return list.take();
}

std::vector<std::string> secrets_of(const net::HttpResource& resource) {
    SecretList list;
    const auto& server = resource.server;
    if (!server.user.empty()) {
        list.add_login(server.user, server.password);
        list.add(util::base64_encode(server.user + ":" + server.password));
    }
    const auto mark = std::min(resource.target.find('?'), resource.target.size());
    for (const auto& [name, value] : net::split_query(
             std::string_view(resource.target).substr(std::min(mark + 1, resource.target.size()))))
        list.add_encoded(value.empty() ? name : value);
    return list.take();
}

}  // namespace airy::tools::consume
