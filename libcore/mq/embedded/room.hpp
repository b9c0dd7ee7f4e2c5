// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>

#include "mq/embedded/store.hpp"

// Room in the broker's file that removed messages have left. SQLite fills it with new messages; a
// file with `auto_vacuum = incremental`, as airy makes it, can also give it back to the disk.
namespace airy::mq::embedded {

// The part of the room that stays in the file.
enum class Keep { little, for_new_messages };

// Gives back a part of the room that exceeds `keep`, in a transaction of a few milliseconds. False
// when there is no such room. The file itself shrinks once its log is copied.
bool give_back_part(Store& store, Keep keep);

// Gives back the room after much was removed. Between its steps others write as long as each step
// takes. Tells the user of a file that can only keep its room.
void give_back_all(Store& store);

// Lets others have the lock as long as this process has had it since `begin`.
void let_others_write(util::SteadyTime begin);

}  // namespace airy::mq::embedded
