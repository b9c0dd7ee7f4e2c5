// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "util/uuid.hpp"

#include <sys/random.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>

#include "util/error.hpp"

namespace airy::util {
namespace {

// Random bytes of one thread, fetched 64 UUIDs at a time: a system call costs more than a UUID. A
// program that forks without exec must do so before its first UUID, or the child repeats them.
class RandomBytes {
  public:
    const unsigned char* take16() {
        if (used_ == bytes_.size()) refill();
        const auto* at = bytes_.data() + used_;
        used_ += 16;
        return at;
    }

  private:
    void refill() {
        std::size_t have = 0;
        while (have < bytes_.size()) {
            const auto n = ::getrandom(bytes_.data() + have, bytes_.size() - have, 0);
            if (n < 0 && errno == EINTR) continue;
            if (n < 0)
                throw Error(ErrorKind::general,
                            std::string("cannot get random bytes: ") + std::strerror(errno));
            have += static_cast<std::size_t>(n);
        }
        used_ = 0;
    }

    std::array<unsigned char, 1024> bytes_;
    std::size_t used_ = sizeof(bytes_);
};

using UuidBytes = std::array<unsigned char, 16>;

std::string text_of(UuidBytes bytes, unsigned version) {
    bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0f) | (version << 4));
    bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3f) | 0x80);  // variant of RFC 9562
    constexpr char hex[] = "0123456789abcdef";
    std::string text(36, '-');
    std::size_t at = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) ++at;
        text[at++] = hex[bytes[i] >> 4];
        text[at++] = hex[bytes[i] & 0x0f];
    }
    return text;
}

bool is_hex(char c) noexcept {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

}  // namespace

std::string uuid_v4() {
    thread_local RandomBytes random;
    UuidBytes bytes;
    std::memcpy(bytes.data(), random.take16(), bytes.size());
    return text_of(bytes, 4);
}

std::string uuid_v8(std::uint64_t high, std::uint64_t low) {
    UuidBytes bytes;
    for (std::size_t i = 0; i < bytes.size(); ++i)
        bytes[i] = static_cast<unsigned char>((i < 8 ? high : low) >> (56 - 8 * (i % 8)));
    return text_of(bytes, 8);
}

bool is_uuid(std::string_view text) noexcept {
    if (text.size() != 36) return false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? text[i] != '-' : !is_hex(text[i])) return false;
    }
    return true;
}

}  // namespace airy::util
