// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "util/error.hpp"

// A parser may refuse a text by airy::Error; any other exception, and any finding of the
// sanitizers, ends the run. https://llvm.org/docs/LibFuzzer.html
#define AIRY_FUZZ(text)                                                                 \
    static void fuzz_one(std::string_view text);                                        \
    extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) { \
        try {                                                                           \
            fuzz_one(std::string_view(reinterpret_cast<const char*>(data), size));      \
        } catch (const airy::Error&) {                                                  \
        }                                                                               \
        return 0;                                                                       \
    }                                                                                   \
    static void fuzz_one(std::string_view text)

// Ends the run when a property of an accepted text does not hold.
#define AIRY_MUST(condition) \
    if (!(condition)) __builtin_trap()
