// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "util/timestamp.hpp"

#include <array>
#include <chrono>

namespace airy::util {
namespace {

using namespace std::chrono;

// The number of `count` digits at `at`, or -1 where one is no digit.
int digits(const char* at, int count) noexcept {
    int value = 0;
    for (int i = 0; i < count; ++i) {
        const auto digit = static_cast<unsigned char>(at[i] - '0');
        if (digit > 9) return -1;
        value = value * 10 + digit;
    }
    return value;
}

void put(char* at, unsigned value, int count) noexcept {
    for (int i = count - 1; i >= 0; --i) {
        at[i] = static_cast<char>('0' + value % 10);
        value /= 10;
    }
}

// `Z` or `±hh:mm`, as seconds east of UTC; nullopt for anything else.
std::optional<int> zone_offset(std::string_view zone) noexcept {
    if (zone == "Z") return 0;
    if (zone.size() != 6 || (zone[0] != '+' && zone[0] != '-') || zone[3] != ':')
        return std::nullopt;
    const int hours = digits(zone.data() + 1, 2);
    const int minutes = digits(zone.data() + 4, 2);
    if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) return std::nullopt;
    const int offset = hours * 3600 + minutes * 60;
    return zone[0] == '-' ? -offset : offset;
}

}  // namespace

std::optional<Instant> scan_rfc3339(std::string_view text) noexcept {
    // 2026-11-23T12:00:00Z is the shortest form.
    if (text.size() < 20 || text[4] != '-' || text[7] != '-' || text[10] != 'T' ||
        text[13] != ':' || text[16] != ':')
        return std::nullopt;
    const char* at = text.data();
    const int y = digits(at, 4);
    const int mo = digits(at + 5, 2);
    const int d = digits(at + 8, 2);
    const int h = digits(at + 11, 2);
    const int mi = digits(at + 14, 2);
    const int s = digits(at + 17, 2);
    if (y < 0 || mo < 1 || d < 1 || h < 0 || h > 23 || mi < 0 || mi > 59 || s < 0 || s > 59)
        return std::nullopt;
    const year_month_day date{year(y), month(static_cast<unsigned>(mo)),
                              day(static_cast<unsigned>(d))};
    if (!date.ok()) return std::nullopt;

    Instant instant;
    std::size_t i = 19;
    if (text[i] == '.') {
        std::uint32_t scale = 1'000'000'000;
        for (++i; i < text.size() && text[i] >= '0' && text[i] <= '9'; ++i) {
            scale /= 10;
            if (scale == 0) return std::nullopt;
            instant.nanoseconds += static_cast<std::uint32_t>(text[i] - '0') * scale;
        }
        if (text[i - 1] == '.') return std::nullopt;
    }
    const auto offset = zone_offset(text.substr(i));
    if (!offset) return std::nullopt;
    instant.seconds =
        static_cast<std::int64_t>(sys_days(date).time_since_epoch().count()) * 86'400 + h * 3600 +
        mi * 60 + s - *offset;
    return instant;
}

std::optional<SystemTime> parse_rfc3339(std::string_view text) noexcept {
    const auto instant = scan_rfc3339(text);
    if (!instant) return std::nullopt;
    constexpr auto reach = nanoseconds::max().count() / 1'000'000'000;
    if (instant->seconds >= reach || instant->seconds <= -reach) return std::nullopt;
    return SystemTime(seconds(instant->seconds) + nanoseconds(instant->nanoseconds));
}

void append_rfc3339(std::string& out, SystemTime time) {
    const auto whole = floor<seconds>(time);
    const auto today = floor<days>(whole);
    const year_month_day date{today};
    const auto second = static_cast<unsigned>((whole - today).count());
    auto nanosecond = static_cast<unsigned>((time - whole).count());

    std::array<char, 30> text{'0', '0', '0', '0', '-', '0', '0', '-', '0', '0',
                              'T', '0', '0', ':', '0', '0', ':', '0', '0', '.'};
    put(text.data(), static_cast<unsigned>(static_cast<int>(date.year())), 4);
    put(text.data() + 5, static_cast<unsigned>(date.month()), 2);
    put(text.data() + 8, static_cast<unsigned>(date.day()), 2);
    put(text.data() + 11, second / 3600, 2);
    put(text.data() + 14, second / 60 % 60, 2);
    put(text.data() + 17, second % 60, 2);
    std::size_t length = 19;
    if (nanosecond != 0) {
        int places = 9;
        for (; nanosecond % 10 == 0; --places)
            nanosecond /= 10;
        put(text.data() + 20, nanosecond, places);
        length = 20 + static_cast<std::size_t>(places);
    }
    text[length] = 'Z';
    out.append(text.data(), length + 1);
}

std::string format_rfc3339(SystemTime time) {
    std::string text;
    append_rfc3339(text, time);
    return text;
}

}  // namespace airy::util
