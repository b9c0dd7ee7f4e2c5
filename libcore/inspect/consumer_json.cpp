// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "inspect/consumer_json.hpp"

#include <cmath>
#include <initializer_list>
#include <nlohmann/json.hpp>

#include "inspect/figures.hpp"
#include "util/error.hpp"
#include "util/timestamp.hpp"

namespace airy::inspect {
namespace {

using nlohmann::json;
using work::ConsumerState;

constexpr std::initializer_list<ConsumerState> states = {
    ConsumerState::starting,     ConsumerState::running, ConsumerState::paused,
    ConsumerState::reconnecting, ConsumerState::tripped, ConsumerState::draining,
    ConsumerState::stopped};

double milliseconds(std::chrono::nanoseconds duration) {
    return std::chrono::duration<double, std::milli>(duration).count();
}

util::JsonFixed seconds(std::chrono::nanoseconds duration) {
    return {std::chrono::duration<double>(duration).count(), 3};
}

// Milliseconds with three digits after the point.
util::JsonObject json_of(const work::Percentiles& measured) {
    const auto time = [](std::chrono::nanoseconds duration) {
        return util::JsonFixed{milliseconds(duration), 3};
    };
    return util::JsonObject()
        .add("count", measured.count)
        .add("p50", time(measured.p50))
        .add("p90", time(measured.p90))
        .add("p99", time(measured.p99))
        .add("max", time(measured.max))
        .add("sum", time(measured.sum))
        .add("up_to", util::JsonArray(measured.up_to));
}

util::JsonObject json_of(const work::Rates& rates) {
    return util::JsonObject()
        .add("1s", util::JsonFixed{rates.second, 1})
        .add("10s", util::JsonFixed{rates.ten_seconds, 1})
        .add("60s", util::JsonFixed{rates.minute, 1});
}

util::JsonArray json_of(const std::vector<work::RunningTask>& tasks) {
    util::JsonArray array;
    for (const auto& task : tasks)
        array.add(util::JsonObject()
                      .add("topic", task.topic)
                      .add("message_id", task.message_id)
                      .add("messages", task.messages)
                      .add("running_s", seconds(task.running)));
    return array;
}

util::JsonArray json_of(const std::vector<work::RecentFailure>& failures) {
    util::JsonArray array;
    for (const auto& failure : failures)
        array.add(util::JsonObject()
                      .add("time", util::format_rfc3339(failure.at))
                      .add("topic", failure.topic)
                      .add("message_id", failure.message_id)
                      .add("reason", failure.reason));
    return array;
}

std::string rate_key(const Figure& figure) {
    return std::string(figure.key) + "_rate";
}

// The members that need the consumer's answer; without a status all are null.
void add_figures(util::JsonObject& json, const work::ConsumerStatus* status) {
    const auto add = [&](std::string_view key, const auto& value_of) {
        if (status != nullptr)
            json.add(key, value_of(*status));
        else
            json.add(key, nullptr);
    };
    add("uptime_s", [](const auto& told) { return seconds(told.uptime); });
    for (const auto& figure : figures)
        add(figure.key, [&](const auto& told) { return told.*figure.count; });
    for (const auto& times : all_times)
        add(times.key, [&](const auto& told) { return json_of(told.*times.percentiles); });
    for (const auto& figure : figures)
        if (figure.rates != nullptr)
            add(rate_key(figure), [&](const auto& told) { return json_of(told.*figure.rates); });
    add("tasks", [](const auto& told) { return json_of(told.tasks); });
    add("failures", [](const auto& told) { return json_of(told.failures); });
}

void add_members(util::JsonObject& json, const work::ConsumerStatus& status) {
    json.add("name", status.name)
        .add("pid", status.pid)
        .add("version", status.version)
        .add("queue", status.queue)
        .add("patterns", util::JsonArray(status.patterns))
        .add("state", work::to_string(status.state));
    add_figures(json, &status);
}

template <class T>
void take(const json& object, std::string_view key, T& target) {
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
    // A time beyond 100 years is not a measurement, and nanoseconds would not hold it.
    return value > 0 && value < 3.1e18 ? std::chrono::nanoseconds(std::llround(value))
                                       : std::chrono::nanoseconds{};
}

work::Percentiles percentiles_of(const json& status, std::string_view key) {
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

work::Rates rates_of(const json& status, std::string_view key) {
    work::Rates rates;
    const auto found = status.find(key);
    if (found == status.end() || !found->is_object()) return rates;
    const auto one = [&](const char* name) {
        const auto value = found->find(name);
        return value != found->end() && value->is_number() ? value->get<double>() : 0;
    };
    return {one("1s"), one("10s"), one("60s")};
}

// The objects of an array; none when `value` is not an array.
std::vector<json> objects_of(const json& status, const char* key) {
    std::vector<json> objects;
    const auto found = status.find(key);
    if (found == status.end() || !found->is_array()) return objects;
    for (const auto& object : *found)
        if (object.is_object()) objects.push_back(object);
    return objects;
}

void take_activity(const json& object, work::ConsumerStatus& status) {
    for (const auto& figure : figures)
        if (figure.rates != nullptr) status.*figure.rates = rates_of(object, rate_key(figure));
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
    util::JsonObject json;
    add_members(json, status);
    return json.text();
}

void add_members(util::JsonObject& json, const Consumer& consumer) {
    if (consumer.status) return add_members(json, *consumer.status);
    json.add("name", util::null_if_empty(consumer.name))
        .add("pid", consumer.pid)
        .add("version", nullptr)
        .add("queue", nullptr)
        .add("patterns", util::JsonArray())
        .add("state", "not answering");
    add_figures(json, nullptr);
}

work::ConsumerStatus parse_consumer_status(std::string_view source) {
    const json object = json::parse(source, nullptr, false);
    if (!object.is_object())
        throw Error(ErrorKind::general, "a consumer's status is not a JSON object");
    work::ConsumerStatus status;
    take(object, "name", status.name);
    take(object, "pid", status.pid);
    take(object, "version", status.version);
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
    for (const auto& figure : figures)
        take(object, figure.key, status.*figure.count);
    for (const auto& times : all_times)
        status.*times.percentiles = percentiles_of(object, times.key);
    take_activity(object, status);
    return status;
}

}  // namespace airy::inspect
