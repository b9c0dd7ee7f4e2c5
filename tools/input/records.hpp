// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace airy::tools::input {

// Whether stdin is a pipe, a file or a socket, which commands read without being told to; not a
// terminal or /dev/null.
bool is_piped_in();

// Cuts the data of a file descriptor into records that end in a newline or a zero byte; the last
// may lack its end. Reads only when told to, so that the caller can poll. Main thread.
class Records {
  public:
    struct Record {
        std::uint64_t number;   // from 1
        std::string_view text;  // valid until the next call
        bool too_long = false;  // `text` is its beginning; the rest is skipped
    };

    Records(int fd, char separator, std::size_t limit);

    // The next whole record of the data read so far.
    std::optional<Record> next();

    // Reads once. Returns false at the end of the input; throws Error{general} when reading fails.
    // Blocks unless poll says that the descriptor is readable.
    bool fill();

    bool ended() const noexcept { return ended_; }
    std::uint64_t bytes_read() const noexcept { return bytes_read_; }

  private:
    Record take(std::size_t length, std::size_t separator_length);

    int fd_;
    char separator_;
    std::size_t limit_;  // bytes in one record
    std::string buffer_;
    std::size_t start_ = 0;     // of the data not handed out yet
    std::size_t searched_ = 0;  // no separator before this offset
    bool ended_ = false;
    bool skipping_ = false;  // skips the rest of a record that was too long
    std::uint64_t count_ = 0;
    std::uint64_t bytes_read_ = 0;
};

}  // namespace airy::tools::input
