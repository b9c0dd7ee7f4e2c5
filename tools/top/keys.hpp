// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

namespace airy::tools::top {

// Keys beside characters; beyond Unicode.
enum NamedKey : int {
    key_up = 0x110000,
    key_down,
    key_page_up,
    key_page_down,
    key_enter,
    key_escape,
    key_other,
};
constexpr int key_redraw = 'L' - '@';  // Ctrl-L

}  // namespace airy::tools::top
