// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "pool/outcome.hpp"

namespace airy::pool {

std::string_view name(OutcomeKind kind) noexcept {
    switch (kind) {
        case OutcomeKind::ok:
            return "ok";
        case OutcomeKind::failed:
            return "failed";
        case OutcomeKind::threw:
            return "threw";
        case OutcomeKind::timed_out:
            return "timed_out";
        case OutcomeKind::cancelled:
            return "cancelled";
        case OutcomeKind::rejected:
            return "rejected";
    }
    return "";
}

std::string_view name(Lane lane) noexcept {
    return lane == Lane::threads ? "threads" : "async";
}

std::string_view name(Submitted submitted) noexcept {
    switch (submitted) {
        case Submitted::accepted:
            return "accepted";
        case Submitted::overload:
            return "overload";
        case Submitted::closed:
            return "closed";
        case Submitted::deadline:
            return "deadline";
        case Submitted::cancelled:
            return "cancelled";
    }
    return "";
}

std::string describe(const std::exception_ptr& exception) {
    if (!exception) return {};
    try {
        std::rethrow_exception(exception);
    } catch (const std::exception& error) {
        return error.what();
    } catch (...) {
        return "unknown exception";
    }
}

}  // namespace airy::pool
