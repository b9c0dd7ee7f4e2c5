// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "work/worker_protocol.hpp"

#include <fmt/core.h>

#include <array>
#include <charconv>
#include <optional>
#include <utility>
#include <vector>

#include "event/message_line.hpp"
#include "util/duration.hpp"
#include "util/error.hpp"
#include "util/json_text.hpp"
#include "util/text.hpp"

namespace airy::work {
namespace {

using util::JsonKind;
using util::JsonMember;

constexpr std::size_t shown = 80;  // bytes of a line in a reason
// The delay of a retry: what a broker can hold, and more than any sensible one.
constexpr std::chrono::hours longest_delay{24 * 7};

NoAnswer no_answer(std::string_view what, std::string_view line) {
    return {fmt::format("no answer ({}): {}", what, util::printable(line, shown))};
}

std::optional<std::uint64_t> id_in(const JsonMember& member) {
    auto digits = member.value;
    if (member.kind == JsonKind::string) digits = digits.substr(1, digits.size() - 2);
    std::uint64_t id = 0;
    const char* end = digits.data() + digits.size();
    const auto [rest, error] = std::from_chars(digits.data(), end, id);
    if (error != std::errc() || rest != end || digits.empty()) return std::nullopt;
    return id;
}

std::optional<Verdict> verdict_in(const JsonMember& member) {
    if (member.kind != JsonKind::string) return std::nullopt;
    const auto word = member.value.substr(1, member.value.size() - 2);
    if (word == "ok") return Verdict::success;
    if (word == "retry") return Verdict::retry;
    if (word == "reject") return Verdict::reject;
    if (word == "requeue") return Verdict::requeue;
    return std::nullopt;
}

std::optional<std::chrono::milliseconds> delay_in(const JsonMember& member) {
    if (member.kind != JsonKind::string) return std::nullopt;
    try {
        const auto delay = util::parse_duration(util::json_string(member.value));
        if (delay > longest_delay) return std::nullopt;
        return std::chrono::ceil<std::chrono::milliseconds>(delay);
    } catch (const Error&) {
        return std::nullopt;
    }
}

// The members that mean something; each is empty where the line has none.
struct AnswerMembers {
    JsonMember id, result, reason, delay, reply, ready;

    JsonMember* named(std::string_view key) noexcept {
        if (key == "id") return &id;
        if (key == "result") return &result;
        if (key == "reason") return &reason;
        if (key == "delay") return &delay;
        if (key == "reply") return &reply;
        if (key == "ready") return &ready;
        return nullptr;
    }
};

bool is_there(const JsonMember& member) noexcept {
    return !member.key.empty();
}

// In one line: a reason goes into logs and headers.
std::string one_line(std::string text) {
    for (auto& c : text)
        if (c == '\n' || c == '\r') c = ' ';
    return text;
}

std::string reason_of(const AnswerMembers& members, Verdict verdict) {
    if (is_there(members.reason)) return one_line(util::json_string(members.reason.value));
    return verdict == Verdict::success
               ? std::string()
               : fmt::format("the worker answered {}", util::json_string(members.result.value));
}

}  // namespace

void append_object(std::string& out, std::uint64_t id, const mq::Delivered& delivered) {
    std::array<char, 20> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), id).ptr;
    out += R"({"id":)";
    out.append(digits.data(), end);
    const auto brace = out.size();
    event::append_message_line(out, delivered.message, delivered.queue, delivered.redelivered,
                               delivered.received_at);
    out[brace] = ',';  // the message line's own opening brace
}

void append_request(std::string& out, std::uint64_t id, const mq::Delivered& delivered) {
    append_object(out, id, delivered);
    out += '\n';
}

std::variant<WorkerAnswer, WorkerReady, NoAnswer> read_answer(std::string_view line) {
    static thread_local std::vector<JsonMember> members;
    auto kind = JsonKind::null;
    if (util::scan_json(line, kind, members) || kind != JsonKind::object)
        return no_answer("no JSON object", line);
    AnswerMembers found;
    for (const auto& member : members) {
        auto* place = found.named(member.key);
        if (place == nullptr || member.kind == JsonKind::null) continue;
        if (is_there(*place)) return no_answer(fmt::format("{} is there twice", member.key), line);
        *place = member;
    }
    if (!is_there(found.id) && found.ready.value == "true") return WorkerReady{};
    if (!is_there(found.id)) return no_answer("id is missing", line);
    WorkerAnswer answer;
    const auto id = id_in(found.id);
    if (!id) return no_answer("id must be that of a message", line);
    answer.id = *id;
    const auto verdict = verdict_in(found.result);
    if (!verdict) return no_answer("result must be ok, retry, reject or requeue", line);
    auto& result = answer.result;
    result.verdict = *verdict;
    if (is_there(found.reason) && found.reason.kind != JsonKind::string)
        return no_answer("reason must be a string", line);
    result.reason = reason_of(found, *verdict);
    if (*verdict != Verdict::success) result.detail.line = result.reason;
    if (is_there(found.delay)) {
        result.retry_after = delay_in(found.delay);
        if (!result.retry_after)
            return no_answer("delay must be a duration such as 30s, a week at most", line);
    }
    if (is_there(found.reply))
        result.reply = HandlerReply{.body = found.reply.kind == JsonKind::string
                                                ? util::json_string(found.reply.value)
                                                : std::string(found.reply.value)};
    return answer;
}

}  // namespace airy::work
