// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
// The least that a worker of `airy consume --worker` does: answers each message by ok. Begins to
// write when it has read all that had come.
#include <unistd.h>

#include <array>
#include <string>
#include <string_view>

namespace {

bool write_all(std::string_view text) {
    while (!text.empty()) {
        const auto n = ::write(STDOUT_FILENO, text.data(), text.size());
        if (n <= 0) return false;
        text.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
}

}  // namespace

int main() {
    constexpr std::string_view begin = "{\"id\":";
    static std::array<char, 256 * 1024> chunk;
    std::string lines;
    std::string answers;
    for (;;) {
        const auto n = ::read(STDIN_FILENO, chunk.data(), chunk.size());
        if (n <= 0) return n == 0 ? 0 : 1;
        lines.append(chunk.data(), static_cast<std::size_t>(n));
        answers.clear();
        std::size_t done = 0;
        for (auto end = lines.find('\n'); end != lines.npos; end = lines.find('\n', done)) {
            const auto id = std::string_view(lines).substr(done + begin.size());
            answers += begin;
            answers += id.substr(0, id.find(','));
            answers += ",\"result\":\"ok\"}\n";
            done = end + 1;
        }
        lines.erase(0, done);
        if (!write_all(answers)) return 1;
    }
}
