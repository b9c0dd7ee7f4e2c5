// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "check/verdict.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <string_view>

#include "util/json_text.hpp"
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

std::string quoted_list(const std::vector<std::string>& texts) {
    std::string out = "[";
    for (const auto& text : texts)
        out += (out.size() == 1 ? "" : ",") + util::quote_any_json(text);
    return out + "]";
}

std::string or_null(const std::optional<double>& value) {
    return value ? number(*value) : "null";
}

}  // namespace

void Verdict::raise(State state, std::string why) {
    if (badness(state) > badness(state_)) state_ = state;
    reasons_.push_back(std::move(why));
}

void Verdict::remark(std::string text) {
    remarks_.push_back(std::move(text));
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
    // A bar begins the figures, so none may stand before.
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
    std::string out =
        fmt::format(R"({{"check":{},"state":"{}","exit":{},"reasons":{},"remarks":{},"figures":{{)",
                    util::quote_any_json(what_), state, exit_code(), quoted_list(reasons_),
                    quoted_list(remarks_));
    bool first = true;
    for (const auto& figure : figures_) {
        out += fmt::format(
            R"({}{}:{{"value":{},"unit":{},"warn_above":{},"max":{},"warn_below":{},"min":{}}})",
            first ? "" : ",", util::quote_any_json(figure.label), or_null(figure.value),
            util::quote_any_json(figure.unit), or_null(figure.above.warn),
            or_null(figure.above.crit), or_null(figure.below.warn), or_null(figure.below.crit));
        first = false;
    }
    return out + "}}\n";
}

}  // namespace airy::tools::check
