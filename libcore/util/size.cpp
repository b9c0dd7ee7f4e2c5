// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "util/size.hpp"

#include <fmt/format.h>

#include <array>
#include <limits>

#include "util/error.hpp"
#include "util/text.hpp"

namespace airy::util {
namespace {

__extension__ using Product = unsigned __int128;  // products of numbers and units fit

struct SizeUnit {
    std::string_view name;
    std::uint64_t bytes;
};

constexpr std::array size_units{
    SizeUnit{"", 1},
    SizeUnit{"B", 1},
    SizeUnit{"KB", 1'000},
    SizeUnit{"kB", 1'000},
    SizeUnit{"MB", 1'000'000},
    SizeUnit{"GB", 1'000'000'000},
    SizeUnit{"TB", 1'000'000'000'000},
    SizeUnit{"KiB", 1ULL << 10},
    SizeUnit{"MiB", 1ULL << 20},
    SizeUnit{"GiB", 1ULL << 30},
    SizeUnit{"TiB", 1ULL << 40},
};

[[noreturn]] void refuse_size(std::string_view text, std::string_view why) {
    throw Error(ErrorKind::usage,
                fmt::format("'{}' is not a size{}{}: needed is a number of bytes, or one with a "
                            "unit, such as 512, 64KiB, 10MB or 1GiB",
                            printable(text), why.empty() ? "" : ", ", why));
}

}  // namespace

std::uint64_t parse_size(std::string_view text) {
    const auto end = text.find_first_not_of("0123456789.");
    const auto number = text.substr(0, end);
    const auto name = end == std::string_view::npos ? std::string_view{} : text.substr(end);
    if (number.empty()) refuse_size(text, text.starts_with('-') ? "it is negative" : "");
    const SizeUnit* unit = nullptr;
    for (const auto& candidate : size_units)
        if (candidate.name == name) unit = &candidate;
    if (unit == nullptr) refuse_size(text, "its unit is unknown");

    constexpr auto most = std::numeric_limits<std::uint64_t>::max();
    Product whole = 0;
    const auto dot = number.find('.');
    for (const char c : number.substr(0, dot)) {
        whole = whole * 10 + static_cast<unsigned>(c - '0');
        if (whole > most) refuse_size(text, "it is too large");
    }
    Product total = whole * unit->bytes;
    if (dot != std::string_view::npos) {
        const auto fraction = number.substr(dot + 1);
        if (dot == 0 || fraction.empty() || fraction.find('.') != std::string_view::npos)
            refuse_size(text, "");
        if (unit->bytes == 1) refuse_size(text, "bytes have no fraction");
        Product part = 0;
        Product divisor = 1;
        for (const char c : fraction.substr(0, 15)) {
            part = part * 10 + static_cast<unsigned>(c - '0');
            divisor *= 10;
        }
        total += part * unit->bytes / divisor;
    }
    if (total > most) refuse_size(text, "it is too large");
    return static_cast<std::uint64_t>(total);
}

}  // namespace airy::util
