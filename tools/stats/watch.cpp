// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "stats/watch.hpp"

#include <poll.h>

#include <optional>
#include <utility>

#include "complaints.hpp"
#include "output/stream.hpp"
#include "util/error.hpp"
#include "util/signals.hpp"
#include "util/text.hpp"

namespace airy::tools::stats {
namespace {

// The SIGINT or SIGTERM that comes within `pause`, if any.
std::optional<int> wait_for_signal(std::chrono::nanoseconds pause) {
    util::SignalFd signals;
    const timespec timeout{std::chrono::duration_cast<std::chrono::seconds>(pause).count(),
                           (pause % std::chrono::seconds(1)).count()};
    pollfd waiting{signals.fd(), POLLIN, 0};
    ::ppoll(&waiting, 1, &timeout, nullptr);
    return signals.take();
}

}  // namespace

void print(const std::string& text, const std::vector<std::string>& notes) {
    output::print(text);
    output::flush();
    for (const auto& line : notes)
        output::note(line);
}

std::vector<std::string> SaidNotes::new_of(std::vector<std::string> notes) {
    std::erase_if(notes, [this](const std::string& line) { return !said_.insert(line).second; });
    return notes;
}

// SIGINT and SIGTERM are blocked only between two looks, so that a look that cannot reach the
// broker ends at once.
int look_repeatedly(const std::function<Snapshot()>& look,
                    const std::function<void(Snapshot&, bool first)>& see,
                    std::chrono::nanoseconds pause) {
    for (bool first = true;; first = false) {
        Snapshot snapshot;
        try {
            snapshot = look();
        } catch (const Error& error) {
            if (first) throw;
            snapshot.notes.push_back(error.what());
        }
        if (!first)
            for (const auto& missing : snapshot.missing)
                snapshot.notes.push_back(missing.what());
        see(snapshot, first);
        if (first) raise(snapshot.missing);
        if (const auto signal = wait_for_signal(pause)) return 128 + *signal;
    }
}

int watch(const std::function<Snapshot()>& look,
          const std::function<std::string(const Snapshot&)>& rendered,
          std::chrono::nanoseconds pause, bool json) {
    const bool redraw = output::stdout_is_terminal() && !json;
    SaidNotes said;
    const auto see = [&](Snapshot& snapshot, bool first) {
        std::string text = rendered(snapshot);
        if (redraw) {
            text.insert(0, "\x1b[H\x1b[2J");
            for (const auto& line : snapshot.notes)
                text += util::printable(line, 1000) + "\n";
            print(text, {});
            return;
        }
        if (!first && !json) output::print("\n");
        print(text, said.new_of(std::move(snapshot.notes)));
    };
    return look_repeatedly(look, see, pause);
}

}  // namespace airy::tools::stats
