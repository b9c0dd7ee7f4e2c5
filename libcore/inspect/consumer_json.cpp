// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "inspect/consumer_json.hpp"

#include <fmt/format.h>

#include <cmath>
#include <initializer_list>
#include <nlohmann/json.hpp>

#include "util/error.hpp"
#include "util/json_text.hpp"
#include "util/text.hpp"
#include "util/timestamp.hpp"

namespace airy::inspect {
namespace {

using nlohmann::json;
using work::ConsumerState;

constexpr std::initializer_list<ConsumerState> states = {
    ConsumerState::starting,     ConsumerState::running, ConsumerState::paused,
    ConsumerState::reconnecting, ConsumerState::tripped, ConsumerState::draining,
    ConsumerState::stopped};

// A name may come from a command line, where nothing makes sure that it is UTF-8.
void append_text(std::string& out, std::string_view text) {
    out += util::quote_any_json(text);
}

double milliseconds(std::chrono::nanoseconds duration) {
    return std::chrono::duration<double, std::milli>(duration).count();
}

// Milliseconds to the microsecond.
std::string percentiles(const work::Percentiles& measured) {
    return fmt::format(
        R"({{"count":{},"p50":{:.3f},"p90":{:.3f},"p99":{:.3f},"max":{:.3f},"sum":{:.3f},"up_to":[{}]}})",
        measured.count, milliseconds(measured.p50), milliseconds(measured.p90),
        milliseconds(measured.p99), milliseconds(measured.max), milliseconds(measured.sum),
        fmt::join(measured.up_to, ","));
}

std::string rates(const work::Rates& rates) {
    return fmt::format(R"({{"1s":{:.1f},"10s":{:.1f},"60s":{:.1f}}})", rates.second,
                       rates.ten_seconds, rates.minute);
}

void append_tasks(std::string& out, const std::vector<work::RunningTask>& tasks) {
    for (std::size_t i = 0; i < tasks.size(); ++i) {
        out += i > 0 ? R"(,{"topic":)" : R"({"topic":)";
        append_text(out, tasks[i].topic);
        out += R"(,"message_id":)";
        append_text(out, tasks[i].message_id);
        out += fmt::format(R"(,"messages":{},"running_s":{:.3f}}})", tasks[i].messages,
                           std::chrono::duration<double>(tasks[i].running).count());
    }
}

void append_failures(std::string& out, const std::vector<work::RecentFailure>& failures) {
    for (std::size_t i = 0; i < failures.size(); ++i) {
        out += fmt::format(R"({}{{"time":"{}","topic":)", i > 0 ? "," : "",
                           util::format_rfc3339(failures[i].at));
        append_text(out, failures[i].topic);
        out += R"(,"message_id":)";
        append_text(out, failures[i].message_id);
        out += R"(,"reason":)";
        append_text(out, failures[i].reason);
        out += '}';
    }
}

template <class T>
void take(const json& object, const char* key, T& target) {
    const auto found = object.find(key);
    if (found == object.end()) return;
    if constexpr (std::is_same_v<T, std::string>) {
        if (found->is_string()) target = found->template get<std::string>();
    } else {
        if (found->is_number_unsigned())
            target = static_cast<T>(found->template get<std::uint64_t>());
    }
}

std::chrono::nanoseconds duration_of(const json& object, const char* key, double unit) {
    const auto found = object.find(key);
    if (found == object.end() || !found->is_number()) return {};
    const double value = found->get<double>() * unit;
    // Beyond 100 years it is no measurement, and would not fit.
    return value > 0 && value < 3.1e18 ? std::chrono::nanoseconds(std::llround(value))
                                       : std::chrono::nanoseconds{};
}

work::Percentiles percentiles_of(const json& status, const char* key) {
    work::Percentiles measured;
    const auto found = status.find(key);
    if (found == status.end() || !found->is_object()) return measured;
    take(*found, "count", measured.count);
    measured.p50 = duration_of(*found, "p50", 1e6);
    measured.p90 = duration_of(*found, "p90", 1e6);
    measured.p99 = duration_of(*found, "p99", 1e6);
    measured.max = duration_of(*found, "max", 1e6);
    measured.sum = duration_of(*found, "sum", 1e6);
    const auto up_to = found->find("up_to");
    if (up_to != found->end() && up_to->is_array() && up_to->size() == measured.up_to.size())
        for (std::size_t i = 0; i < measured.up_to.size(); ++i)
            if ((*up_to)[i].is_number_unsigned()) measured.up_to[i] = (*up_to)[i];
    return measured;
}

work::Rates rates_of(const json& status, const char* key) {
    work::Rates rates;
    const auto found = status.find(key);
    if (found == status.end() || !found->is_object()) return rates;
    const auto one = [&](const char* name) {
        const auto value = found->find(name);
        return value != found->end() && value->is_number() ? value->get<double>() : 0;
    };
    return {one("1s"), one("10s"), one("60s")};
}

// The objects of an array; nothing for another thing.
std::vector<json> objects_of(const json& status, const char* key) {
    std::vector<json> objects;
    const auto found = status.find(key);
    if (found == status.end() || !found->is_array()) return objects;
    for (const auto& object : *found)
        if (object.is_object()) objects.push_back(object);
    return objects;
}

void take_activity(const json& object, work::ConsumerStatus& status) {
    status.handled_rates = rates_of(object, "handled_rate");
    status.failed_rates = rates_of(object, "failed_rate");
    for (const auto& told : objects_of(object, "tasks")) {
        auto& task = status.tasks.emplace_back();
        take(told, "topic", task.topic);
        take(told, "message_id", task.message_id);
        take(told, "messages", task.messages);
        task.running = duration_of(told, "running_s", 1e9);
    }
    for (const auto& told : objects_of(object, "failures")) {
        auto& failure = status.failures.emplace_back();
        std::string time;
        take(told, "time", time);
        if (const auto at = util::parse_rfc3339(time)) failure.at = *at;
        take(told, "topic", failure.topic);
        take(told, "message_id", failure.message_id);
        take(told, "reason", failure.reason);
    }
}

}  // namespace

std::string to_json(const work::ConsumerStatus& status) {
    std::string out = R"({"name":)";
    append_text(out, status.name);
    out += fmt::format(R"(,"pid":{},"queue":)", status.pid);
    append_text(out, status.queue);
    out += R"(,"patterns":[)";
    for (std::size_t i = 0; i < status.patterns.size(); ++i) {
        if (i > 0) out += ',';
        append_text(out, status.patterns[i]);
    }
    out += fmt::format(
        R"(],"state":"{}","uptime_s":{:.3f},"cap":{},"running":{},"free":{},"waiting":{})"
        R"(,"in_flight":{},"handled":{},"failed":{},"retried":{},"dead_lettered":{})"
        R"(,"discarded":{},"duplicates":{},"reconnects":{})"
        R"(,"wait_ms":{},"run_ms":{},"confirm_ms":{}}})",
        work::to_string(status.state), std::chrono::duration<double>(status.uptime).count(),
        status.cap, status.running, status.free, status.waiting, status.in_flight, status.handled,
        status.failed, status.retried, status.dead_lettered, status.discarded, status.duplicates,
        status.reconnects, percentiles(status.wait), percentiles(status.run),
        percentiles(status.confirm));
    out.pop_back();  // the object goes on
    out += R"(,"handled_rate":)" + rates(status.handled_rates);
    out += R"(,"failed_rate":)" + rates(status.failed_rates) + R"(,"tasks":[)";
    append_tasks(out, status.tasks);
    out += R"(],"failures":[)";
    append_failures(out, status.failures);
    return out + "]}";
}

work::ConsumerStatus parse_consumer_status(std::string_view source) {
    const json object = json::parse(source, nullptr, false);
    if (!object.is_object())
        throw Error(ErrorKind::general, "a consumer's status is not a JSON object");
    work::ConsumerStatus status;
    take(object, "name", status.name);
    take(object, "pid", status.pid);
    take(object, "queue", status.queue);
    if (const auto patterns = object.find("patterns");
        patterns != object.end() && patterns->is_array())
        for (const auto& pattern : *patterns)
            if (pattern.is_string()) status.patterns.push_back(pattern.get<std::string>());
    std::string state;
    take(object, "state", state);
    for (const auto candidate : states)
        if (work::to_string(candidate) == state) status.state = candidate;
    status.uptime = duration_of(object, "uptime_s", 1e9);
    take(object, "cap", status.cap);
    take(object, "running", status.running);
    take(object, "free", status.free);
    take(object, "waiting", status.waiting);
    take(object, "in_flight", status.in_flight);
    take(object, "handled", status.handled);
    take(object, "failed", status.failed);
    take(object, "retried", status.retried);
    take(object, "dead_lettered", status.dead_lettered);
    take(object, "discarded", status.discarded);
    take(object, "duplicates", status.duplicates);
    take(object, "reconnects", status.reconnects);
    status.wait = percentiles_of(object, "wait_ms");
    status.run = percentiles_of(object, "run_ms");
    status.confirm = percentiles_of(object, "confirm_ms");
    take_activity(object, status);
    return status;
}

}  // namespace airy::inspect
