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

// Appends a message that was published to a named exchange. Returns the bytes that it takes, which
// the same change is to add.
std::int64_t keep_published(Change& change, const IncomingMessage& message);
void add_published_bytes(Change& change, std::int64_t bytes);

// Removes a part of what is kept for too long, in a change of its own that holds nobody up for more
// than some milliseconds. To be called after each publishing: it removes more than that adds.
void clean_published(Store& store, Catalogue& catalogue);

}  // namespace airy::mq::embedded
