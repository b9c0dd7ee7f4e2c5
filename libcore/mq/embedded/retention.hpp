// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include "mq/embedded/change.hpp"
#include "mq/embedded/messages.hpp"

// The retention log: published messages that the file keeps beside the queues, as long as its
// retention says.
namespace airy::mq::embedded {

// Whether the file has the URL's `retain` already, or the URL names none.
bool has_wanted_retention(Store& store);

// Stores the URL's `retain` in the file, where it holds for every process.
void set_retention(Change& change);

bool retains(Database& database);

// Appends a message that was published to a named exchange. Returns its bytes, which the caller
// adds within the same change.
std::int64_t keep_published(Change& change, const IncomingMessage& message);
void add_published_bytes(Change& change, std::int64_t bytes);

// Removes some of the messages that exceed the retention, in a change of its own that takes no more
// than a few milliseconds. Called after each publishing, it removes more than that adds.
void clean_published(Store& store, Catalogue& catalogue);

}  // namespace airy::mq::embedded
