// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "net/http_date.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>

namespace airy::net {
namespace {

constexpr std::array<std::string_view, 12> months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::array<std::string_view, 7> short_days = {"Mon", "Tue", "Wed", "Thu",
                                                        "Fri", "Sat", "Sun"};
constexpr std::array<std::string_view, 7> long_days = {
    "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"};
constexpr std::chrono::seconds longest_wait = std::chrono::years(100);

// Takes a date apart from its beginning; once a part is wrong, the rest is as well.
class DateReader {
  public:
    explicit DateReader(std::string_view text) : rest_(text) {}

    void skip(std::string_view text) {
        good_ = good_ && rest_.starts_with(text);
        if (good_) rest_.remove_prefix(text.size());
    }
    // The place of the next text among `names`.
    template <std::size_t n>
    unsigned one_of(const std::array<std::string_view, n>& names) {
        const auto found = std::ranges::find_if(
            names, [this](std::string_view name) { return rest_.starts_with(name); });
        good_ = good_ && found != names.end();
        if (!good_) return 0;
        rest_.remove_prefix(found->size());
        return static_cast<unsigned>(found - names.begin());
    }
    unsigned number(std::size_t digits) {
        unsigned value = 0;
        const auto text = rest_.substr(0, digits);
        const auto* end = text.data() + text.size();
        const auto [read, error] = std::from_chars(text.data(), end, value);
        good_ = good_ && text.size() == digits && error == std::errc() && read == end;
        if (good_) rest_.remove_prefix(digits);
        return value;
    }
    bool begins_with(char c) const { return rest_.starts_with(c); }
    bool complete() const { return good_ && rest_.empty(); }

  private:
    std::string_view rest_;
    bool good_ = true;
};

struct DateParts {
    unsigned year = 0, month = 0, day = 0;  // month from 0
    unsigned hour = 0, minute = 0, second = 0;
};

void read_time(DateReader& reader, DateParts& date) {
    date.hour = reader.number(2);
    reader.skip(":");
    date.minute = reader.number(2);
    reader.skip(":");
    date.second = reader.number(2);
}

// `Sun, 06 Nov 1994 08:49:37 GMT`
bool read_imf(std::string_view text, DateParts& date) {
    DateReader reader(text);
    reader.one_of(short_days);
    reader.skip(", ");
    date.day = reader.number(2);
    reader.skip(" ");
    date.month = reader.one_of(months);
    reader.skip(" ");
    date.year = reader.number(4);
    reader.skip(" ");
    read_time(reader, date);
    reader.skip(" GMT");
    return reader.complete();
}

// `Sunday, 06-Nov-94 08:49:37 GMT`
bool read_rfc850(std::string_view text, DateParts& date) {
    DateReader reader(text);
    reader.one_of(long_days);
    reader.skip(", ");
    date.day = reader.number(2);
    reader.skip("-");
    date.month = reader.one_of(months);
    reader.skip("-");
    date.year = reader.number(2);
    date.year += date.year < 70 ? 2000 : 1900;
    reader.skip(" ");
    read_time(reader, date);
    reader.skip(" GMT");
    return reader.complete();
}

// `Sun Nov  6 08:49:37 1994`
bool read_asctime(std::string_view text, DateParts& date) {
    DateReader reader(text);
    reader.one_of(short_days);
    reader.skip(" ");
    date.month = reader.one_of(months);
    reader.skip(" ");
    const bool one_digit = reader.begins_with(' ');
    if (one_digit) reader.skip(" ");
    date.day = reader.number(one_digit ? 1 : 2);
    reader.skip(" ");
    read_time(reader, date);
    reader.skip(" ");
    date.year = reader.number(4);
    return reader.complete();
}

}  // namespace

std::optional<util::SystemTime> parse_http_date(std::string_view text) {
    namespace chrono = std::chrono;
    DateParts date;
    if (!read_imf(text, date) && !read_rfc850(text, date) && !read_asctime(text, date))
        return std::nullopt;
    const chrono::year_month_day day{chrono::year(static_cast<int>(date.year)),
                                     chrono::month(date.month + 1), chrono::day(date.day)};
    // A leap second is as good as the second after it.
    if (!day.ok() || date.year < 1678 || date.year > 2261 || date.hour > 23 || date.minute > 59 ||
        date.second > 60)
        return std::nullopt;
    return chrono::sys_days(day) + chrono::hours(date.hour) + chrono::minutes(date.minute) +
           chrono::seconds(date.second);
}

std::optional<std::chrono::seconds> parse_retry_after(std::string_view text, util::SystemTime now) {
    using std::chrono::seconds;
    if (!text.empty() && text.find_first_not_of("0123456789") == text.npos) {
        std::int64_t count = 0;
        const auto read = std::from_chars(text.data(), text.data() + text.size(), count);
        return read.ec == std::errc() ? std::min(seconds(count), longest_wait) : longest_wait;
    }
    const auto date = parse_http_date(text);
    if (!date) return std::nullopt;
    return std::max(std::chrono::ceil<seconds>(*date - now), seconds(0));
}

}  // namespace airy::net
