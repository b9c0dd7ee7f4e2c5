// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include "mq/embedded/change.hpp"
#include "mq/embedded/messages.hpp"

// The retention log: what was published, beside the queues, for as long as the file is told to.
namespace airy::mq::embedded {

// The URL's `retain` becomes the file's, for every process from now on.
void set_retention(Change& change);

bool retains(Database& database);

// Appends a message that was published to a named exchange.
void keep_published(Change& change, const IncomingMessage& message);

// Removes what is kept for too long, a little at a time so that nobody waits for it.
void clean_published(Store& store);

}  // namespace airy::mq::embedded
