// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include <fmt/chrono.h>
#include <fmt/core.h>
#include <unistd.h>

#include <chrono>
#include <ctime>
#include <optional>

#include "command.hpp"
#include "management_option.hpp"
#include "options.hpp"
#include "output/stream.hpp"
#include "stats/snapshot.hpp"
#include "stats/watch.hpp"
#include "top/collector.hpp"
#include "top/keys.hpp"
#include "top/terminal.hpp"
#include "top/view.hpp"
#include "util/clock.hpp"
#include "util/log.hpp"
#include "util/signals.hpp"

namespace airy::tools {
namespace {

using stats::Snapshot;

class Top final : public Command {
  public:
    void add_options(cli::App& app) override {
        app.option("--match", selection_.match,
                   "only pools and queues whose name matches this shell pattern")
            .type_name("PATTERN");
        output_.add(app);
        management_.add(app);
        broker_.add(app);
    }

    int run() override {
        auto endpoint = broker_.endpoint("top");
        management_.apply(endpoint);
        if (output_.json() || !output::stdout_is_terminal()) return watch(endpoint);
        const auto end = full_screen(endpoint);
        // A thread that hangs in a call still uses objects that a return would destroy.
        if (!end.all_ended) ::_exit(end.exit_code);
        return end.exit_code;
    }

  private:
    int watch(const mq::Endpoint& endpoint) const {
        const auto look = [&] { return stats::look(selection_, endpoint); };
        const auto rendered = [this](const Snapshot& snapshot) {
            return output_.json() ? stats::json_lines(snapshot) : stats::tables(snapshot);
        };
        return stats::watch(look, rendered, std::chrono::seconds(1), output_.json());
    }

    struct End {
        int exit_code;
        bool all_ended;  // no thread hangs
    };

    // Signals are blocked, and the terminal's taken, before threads start and inherit the mask.
    End full_screen(const mq::Endpoint& endpoint) const {
        common_options().start_log(util::LogLevel::error);
        util::SignalFd signals;
        std::optional<top::Terminal> terminal(output::colour_stdout());
        top::Collector collector(selection_, endpoint);
        top::View view(terminal->charset(), output::shown_line(mq::masked_url(endpoint.url)),
                       util::system_clock());
        int exit_code = 0;
        try {
            exit_code = show(*terminal, collector, view, signals);
        } catch (...) {
            terminal.reset();
            collector.stop(patience);
            throw;
        }
        terminal.reset();
        return {exit_code, collector.stop(patience)};
    }

    static int show(top::Terminal& terminal, top::Collector& collector, top::View& view,
                    util::SignalFd& signals) {
        while (!view.over()) {
            view.take(collector.take());
            terminal.draw(view.lines(terminal.size(), clock()));
            terminal.wait(signals.fd(), collector.fd(), std::chrono::seconds(1));
            if (const auto signal = signals.take()) return 128 + *signal;
            while (const auto key = terminal.key()) {
                if (*key == top::key_redraw) terminal.redraw();
                if (auto order = view.press(*key)) collector.give(std::move(*order));
            }
        }
        return 0;
    }

    static std::string clock() {
        return fmt::format("{:%H:%M:%S}", fmt::localtime(std::time(nullptr)));
    }

    static constexpr auto patience = std::chrono::milliseconds(100);

    BrokerOptions broker_;
    ManagementOption management_;
    OutputOption output_;
    stats::Selection selection_;
};

}  // namespace

std::unique_ptr<Command> make_top() {
    return std::make_unique<Top>();
}

}  // namespace airy::tools
