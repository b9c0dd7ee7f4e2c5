// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

#include "net/http_message.hpp"
#include "util/clock.hpp"
#include "util/error.hpp"
#include "util/secret_mask.hpp"
#include "work/handler.hpp"

namespace airy::work {

// Bytes of an answer that a failure keeps: x-airy-error of the dead letter.
inline constexpr std::size_t kept_answer = 1024;

// The result of a message that a web service has answered: README, "A web service". `now` is the
// time of the answer, for Retry-After. Pure; any thread.
HandlerResult judge(const net::HttpResponse& answer, const util::SecretMask& mask,
                    util::SystemTime now);

// The result of a request that got no answer, for an error of net::HttpClient: `unavailable` where
// no connection could be made, else `retry`.
HandlerResult judge_unanswered(const Error& error);

// For the result of a batch that failed: whether it speaks of what was sent, so that parts of the
// batch may have another result. False where it speaks of the service: too many requests, away or
// too slow, or no answer at all.
bool may_blame_a_part(const HandlerResult& failure) noexcept;

// Whether the answer sends the same request to another place (301, 302, 307, 308), or names a page
// to get (303).
bool repeats_elsewhere(unsigned status) noexcept;
bool names_a_page(unsigned status) noexcept;

}  // namespace airy::work
