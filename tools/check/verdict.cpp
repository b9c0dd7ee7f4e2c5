// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "check/verdict.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <string_view>

#include "mq/endpoint.hpp"
#include "util/json_writer.hpp"
#include "util/text.hpp"

namespace airy::tools::check {
namespace {

constexpr std::array<std::string_view, 4> words = {"OK", "WARNING", "CRITICAL", "UNKNOWN"};

std::string_view word(State state) {
    return words[static_cast<std::size_t>(state)];
}

int badness(State state) {
    switch (state) {
        case State::ok:
            return 0;
        case State::warning:
            return 1;
        case State::unknown:
            return 2;
        case State::critical:
            break;
    }
    return 3;
}

// Counts without a decimal point, seconds to the microsecond without trailing zeros.
std::string number(double value) {
    if (value == std::floor(value) && std::abs(value) < 1e15) return fmt::format("{:.0f}", value);
    std::string text = fmt::format("{:.6f}", value);
    text.erase(text.find_last_not_of('0') + 1);
    return text;
}

std::string shown(const Figure& figure) {
    return figure.value ? number(*figure.value) + (figure.unit.empty() ? "" : " " + figure.unit)
                        : "not known";
}

// A Nagios range: `10` is bad above 10, `2:` is bad below 2.
std::string range(const std::optional<double>& above, const std::optional<double>& below) {
    if (above) return number(*above);
    return below ? number(*below) + ":" : "";
}

// Adds the number as the text shows it.
void add_number(util::JsonObject& object, std::string_view key,
                const std::optional<double>& value) {
    if (value)
        object.add(key, util::JsonRaw{number(*value)});
    else
        object.add(key, nullptr);
}

util::JsonObject json_of(const Figure& figure) {
    util::JsonObject object;
    add_number(object, "value", figure.value);
    object.add("unit", figure.unit);
    add_number(object, "warn_above", figure.above.warn);
    add_number(object, "max", figure.above.crit);
    add_number(object, "warn_below", figure.below.warn);
    add_number(object, "min", figure.below.crit);
    return object;
}

}  // namespace

Verdict::Verdict(std::string_view what) : what_(mq::masked_text(what)) {}

void Verdict::raise(State state, std::string_view why) {
    if (badness(state) > badness(state_)) state_ = state;
    reasons_.push_back(mq::masked_text(why));
}

void Verdict::remark(std::string_view text) {
    remarks_.push_back(mq::masked_text(text));
}

void Verdict::add(Figure figure) {
    const auto judge = [&](State state, const Bounds& above, const Bounds& below, bool critical) {
        const auto& high = critical ? above.crit : above.warn;
        const auto& low = critical ? below.crit : below.warn;
        if (high && *figure.value > *high)
            raise(state,
                  fmt::format("{} {} is above {}", figure.label, shown(figure), number(*high)));
        else if (low && *figure.value < *low)
            raise(state,
                  fmt::format("{} {} is below {}", figure.label, shown(figure), number(*low)));
        else
            return false;
        return true;
    };
    const bool bounded =
        figure.above.warn || figure.above.crit || figure.below.warn || figure.below.crit;
    if (!figure.value && bounded)
        raise(State::unknown, figure.label + " is not known");
    else if (figure.value && !judge(State::critical, figure.above, figure.below, true))
        judge(State::warning, figure.above, figure.below, false);
    figures_.push_back(std::move(figure));
}

std::string Verdict::text() const {
    const auto space = what_.find(' ');
    std::string kind = what_.substr(0, space);
    std::ranges::transform(kind, kind.begin(), [](unsigned char c) { return std::toupper(c); });
    std::string out = fmt::format("{} {}", kind, word(state_));
    std::string said;
    const auto say = [&said](const std::string& text) {
        said += (said.empty() ? "" : ", ") + text;
    };
    for (const auto& reason : reasons_)
        say(reason);
    if (reasons_.empty())
        for (const auto& figure : figures_)
            if (figure.value) say(figure.label + " " + shown(figure));
    for (const auto& remark : remarks_)
        say(remark);
    if (space != what_.npos) out += fmt::format(" - {}", util::printable(what_.substr(space + 1)));
    if (!said.empty()) out += (space != what_.npos ? ": " : " - ") + util::printable(said, 1000);
    // A bar begins the performance data, so none may stand before it.
    std::ranges::replace(out, '|', '/');
    std::string data;
    for (const auto& figure : figures_) {
        if (!figure.value) continue;
        data += fmt::format(" {}={}{};{};{};0", figure.label, number(*figure.value), figure.unit,
                            range(figure.above.warn, figure.below.warn),
                            range(figure.above.crit, figure.below.crit));
    }
    if (!data.empty()) out += " |" + data;
    return out + "\n";
}

std::string Verdict::json() const {
    std::string state(word(state_));
    std::ranges::transform(state, state.begin(), [](unsigned char c) { return std::tolower(c); });
    util::JsonObject figures;
    for (const auto& figure : figures_)
        figures.add(figure.label, json_of(figure));
    return util::JsonObject()
        .add("check", what_)
        .add("state", state)
        .add("exit", exit_code())
        .add("reasons", util::JsonArray(reasons_))
        .add("remarks", util::JsonArray(remarks_))
        .add("figures", figures)
        .line();
}

}  // namespace airy::tools::check
