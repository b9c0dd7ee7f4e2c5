// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "util/secret_mask.hpp"

#include <algorithm>
#include <utility>

namespace airy::util {
namespace {

constexpr std::size_t shortest_secret = 4;  // bytes
constexpr std::string_view hidden = "***";

}  // namespace

SecretMask::SecretMask(std::vector<std::string> secrets) : secrets_(std::move(secrets)) {
    std::erase_if(secrets_, [](const auto& secret) { return secret.size() < shortest_secret; });
    std::ranges::sort(secrets_, std::greater(), &std::string::size);
}

std::size_t SecretMask::longest() const noexcept {
    return secrets_.empty() ? 0 : secrets_.front().size();
}

// The length of the secret that `text` begins with; 0: none.
std::size_t SecretMask::secret_at(std::string_view text) const noexcept {
    for (const auto& secret : secrets_)
        if (text.starts_with(secret)) return secret.size();
    return 0;
}

// The length of the part of a secret that `text` ends with; 0: none.
std::size_t SecretMask::begun_at_end(std::string_view text) const noexcept {
    for (auto size = std::min(longest(), text.size()); size >= shortest_secret; --size)
        for (const auto& secret : secrets_)
            if (secret.size() >= size && text.ends_with(std::string_view(secret).substr(0, size)))
                return size;
    return 0;
}

std::string SecretMask::masked(std::string_view text, bool cut) const {
    if (secrets_.empty()) return std::string(text);
    const auto part = cut ? begun_at_end(text) : 0;
    text.remove_suffix(part);
    std::string out;
    while (!text.empty()) {
        const auto size = secret_at(text);
        if (size > 0)
            out += hidden;
        else
            out += text.front();
        text.remove_prefix(std::max<std::size_t>(size, 1));
    }
    if (part > 0) out += hidden;
    return out;
}

}  // namespace airy::util
