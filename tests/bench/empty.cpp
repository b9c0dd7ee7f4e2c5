// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
// The limit of starting a C++ program.
int main() {
    return 0;
}
