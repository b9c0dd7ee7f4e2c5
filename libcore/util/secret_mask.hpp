// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace airy::util {

// Hides known secrets in text from outside, such as the answer of a server that repeats the
// request. Immutable; any thread.
class SecretMask {
  public:
    // Texts of fewer than 4 bytes are left out: they would hide more than secrets.
    explicit SecretMask(std::vector<std::string> secrets);
    SecretMask() = default;

    // `text` with each secret replaced by `***`. `cut`: the text is the beginning of a longer one,
    // and a part of a secret at its end is replaced, too.
    std::string masked(std::string_view text, bool cut = false) const;

    std::size_t longest() const noexcept;  // bytes of a secret; 0: there is none

  private:
    std::size_t secret_at(std::string_view text) const noexcept;
    std::size_t begun_at_end(std::string_view text) const noexcept;

    std::vector<std::string> secrets_;  // the longest first
};

}  // namespace airy::util
