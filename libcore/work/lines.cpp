// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "work/lines.hpp"

#include <algorithm>
#include <utility>

namespace airy::work {

void LineSplitter::feed(std::string_view chunk, std::string& out) {
    while (!chunk.empty()) {
        const auto line_break = chunk.find('\n');
        const auto length = line_break == chunk.npos ? chunk.size() : line_break;
        if (begun_.size() == limit_ && length > 0) {
            emit(begun_, out, false);
            begun_.clear();
        }
        const auto taken = std::min(length, limit_ - begun_.size());
        const bool complete = taken == length && line_break != chunk.npos;
        if (complete && begun_.empty()) {
            emit(chunk.substr(0, length), out);  // the usual case, without a copy
        } else {
            begun_.append(chunk.substr(0, taken));
            if (complete) {
                emit(begun_, out);
                begun_.clear();
            }
        }
        chunk.remove_prefix(taken + (complete ? 1 : 0));
    }
}

void LineSplitter::finish(std::string& out) {
    if (begun_.empty()) return;
    emit(begun_, out);
    begun_.clear();
}

void LineSplitter::emit(std::string_view line, std::string& out, bool whole) {
    const bool continues = std::exchange(cut_, !whole);
    if (takes_ && !continues && takes_(line, whole)) return;
    out.append(prefix_).append(line).push_back('\n');
    if (!line.empty()) last_line_.assign(line.substr(0, last_line_limit));
}

}  // namespace airy::work
