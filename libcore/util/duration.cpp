// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "util/duration.hpp"

#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <limits>

#include "util/error.hpp"
#include "util/text.hpp"

namespace airy::util {
namespace {

__extension__ using Wide = __int128;  // products of numbers and units do not overflow it

struct Unit {
    std::string_view name;
    std::int64_t nanoseconds;
};

// Where one name begins with another, the longer comes first.
constexpr std::array units{
    Unit{"ns", 1},
    Unit{"us", 1'000},
    Unit{"µs", 1'000},
    Unit{"ms", 1'000'000},
    Unit{"s", 1'000'000'000},
    Unit{"m", 60'000'000'000},
    Unit{"h", 3'600'000'000'000},
    Unit{"d", 86'400'000'000'000},
};

[[noreturn]] void refuse(std::string_view text, std::string_view why) {
    throw Error(ErrorKind::usage,
                fmt::format("'{}' is not a duration{}{}: needed is a number with a unit, such as "
                            "250ms, 30s, 1.5s, 5m, 1m30s or 2h",
                            printable(text), why.empty() ? "" : ", ", why));
}

bool is_digit(char c) noexcept {
    return c >= '0' && c <= '9';
}

// One number as whole + fraction / divisor, read from the front of `rest`; digits beyond
// nanoseconds of a day are dropped. Whole and fraction are apart, so that neither overflows when
// multiplied by a unit.
struct Count {
    Wide whole = 0;
    Wide fraction = 0;
    std::int64_t divisor = 1;

    Wide times(std::int64_t unit) const { return whole * unit + fraction * unit / divisor; }
};

bool take_decimal(std::string_view& rest, Count& out, bool& too_long) {
    std::size_t i = 0;
    std::size_t digits = 0;
    for (; i < rest.size() && is_digit(rest[i]); ++i, ++digits) {
        out.whole = out.whole * 10 + (rest[i] - '0');
        if (out.whole > std::numeric_limits<std::int64_t>::max()) {
            too_long = true;
            return false;
        }
    }
    if (i < rest.size() && rest[i] == '.') {
        ++i;
        std::size_t places = 0;
        for (; i < rest.size() && is_digit(rest[i]); ++i, ++digits, ++places) {
            if (places >= 15) continue;
            out.fraction = out.fraction * 10 + (rest[i] - '0');
            out.divisor *= 10;
        }
        if (places == 0) return false;
    }
    rest.remove_prefix(i);
    return digits != 0;
}

const Unit* take_unit(std::string_view& rest) {
    std::size_t length = 0;
    while (length < rest.size() && !is_digit(rest[length]) && rest[length] != '.')
        ++length;
    for (const auto& unit : units) {
        if (rest.substr(0, length) == unit.name) {
            rest.remove_prefix(length);
            return &unit;
        }
    }
    return nullptr;
}

// At most two decimals, without zeros at the end.
std::string short_number(double value, std::string_view unit) {
    auto text = fmt::format("{:.{}f}", value, value < 10 ? 2 : value < 100 ? 1 : 0);
    if (text.find('.') != std::string::npos) {
        text.erase(text.find_last_not_of('0') + 1);
        if (text.back() == '.') text.pop_back();
    }
    return text.append(unit);
}

}  // namespace

std::chrono::nanoseconds parse_duration(std::string_view text) {
    if (text == "0") return std::chrono::nanoseconds::zero();
    if (text.empty()) refuse(text, "");
    if (text.front() == '-') refuse(text, "it is negative");
    Wide total = 0;
    std::int64_t last_unit = std::numeric_limits<std::int64_t>::max();
    for (auto rest = text; !rest.empty();) {
        Count number;
        bool too_long = false;
        if (!take_decimal(rest, number, too_long)) refuse(text, too_long ? "it is too long" : "");
        if (rest.empty()) refuse(text, "its unit is missing");
        const Unit* unit = take_unit(rest);
        if (unit == nullptr) refuse(text, "its unit is unknown");
        if (unit->nanoseconds >= last_unit) refuse(text, "units must go from large to small");
        last_unit = unit->nanoseconds;
        total += number.times(unit->nanoseconds);
        if (total > std::numeric_limits<std::int64_t>::max()) refuse(text, "it is too long");
    }
    return std::chrono::nanoseconds(static_cast<std::int64_t>(total));
}

std::string format_duration(std::chrono::nanoseconds duration) {
    const auto count = duration.count();
    if (count == 0) return "0s";
    if (count < 0) return "-" + format_duration(-duration);
    const auto value = static_cast<double>(count);
    if (count < 1'000) return fmt::format("{}ns", count);
    if (value < 999.5e3) return short_number(value / 1e3, "us");
    if (value < 999.5e6) return short_number(value / 1e6, "ms");
    if (value < 59.95e9) return short_number(value / 1e9, "s");
    const auto seconds = (count + 500'000'000) / 1'000'000'000;
    struct Part {
        std::int64_t amount;
        std::string_view unit;
    };
    const std::array parts{Part{seconds / 86'400, "d"}, Part{seconds / 3'600 % 24, "h"},
                           Part{seconds / 60 % 60, "m"}, Part{seconds % 60, "s"}};
    std::size_t first = 0;
    while (parts[first].amount == 0)
        ++first;
    auto text = fmt::format("{}{}", parts[first].amount, parts[first].unit);
    if (first + 1 < parts.size() && parts[first + 1].amount != 0)
        text += fmt::format("{}{}", parts[first + 1].amount, parts[first + 1].unit);
    return text;
}

}  // namespace airy::util
