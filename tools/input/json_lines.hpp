// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

#include "util/error.hpp"

// Input with one JSON value a line, as other programs write it. Pure; any thread.
namespace airy::tools::input {

// The record without a byte order mark, with which Windows begins a file.
std::string_view without_mark(std::string_view record) noexcept;

// Whether the record holds nothing but a byte order mark and white space.
bool is_blank(std::string_view record) noexcept;

// Throws Error{invalid_event} when the beginning of the input shows that it has no lines of JSON to
// read: it is compressed, or in UTF-16.
void refuse_other_forms(std::string_view first_record);

// The error that the record caused; its hint tells how to write one value a line where the record
// is a part of a value, or holds several.
Error explained(const Error& error, std::string_view record);

}  // namespace airy::tools::input
