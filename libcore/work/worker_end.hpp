// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "work/child.hpp"
#include "work/handler.hpp"

namespace airy::work {

// Why the process of a worker ends, and what that says about its unanswered messages. Pure.
struct WorkerEnd {
    enum class Cause : std::uint8_t {
        own,      // by itself, or by somebody else's signal
        fault,    // it did not keep to its protocol
        echo,     // it answered what it had answered
        late,     // the oldest message timed out
        cancel,   // an operator cancelled a message
        replace,  // another process takes its place
    };
    Cause cause = Cause::own;
    std::string fault{};  // with `fault` and `echo`

    // Whether an unanswered message may have caused it, of which that is not known yet.
    bool may_blame_unanswered() const noexcept {
        return cause != Cause::echo && cause != Cause::late && cause != Cause::cancel;
    }
    // In words, for a process that ended so.
    std::string why(const ChildResult& result) const;
    // The result of the message that caused it, in the worker of this number.
    HandlerResult failure(const ChildResult& result, std::size_t worker) const;
};

}  // namespace airy::work
