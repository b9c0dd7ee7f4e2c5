// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <optional>

#include "command.hpp"
#include "complaints.hpp"
#include "inspect/prometheus.hpp"
#include "management_option.hpp"
#include "options.hpp"
#include "output/progress.hpp"
#include "output/stream.hpp"
#include "stats/recording.hpp"
#include "stats/snapshot.hpp"
#include "stats/watch.hpp"
#include "util/error.hpp"
#include "util/text.hpp"

namespace airy::tools {
namespace {

using stats::Snapshot;

class Stats final : public Command {
  public:
    void add_options(cli::App& app) override {
        app.option("what", words_,
                   "pools, queues, or both when left out; then the queues to show, all when "
                   "none is named")
            .type_name("[pools|queues] [QUEUE…]");
        app.option("--match", selection_.match,
                   "only pools and queues whose name matches this shell pattern")
            .type_name("PATTERN")
            .note(of_looks_);
        app.flag("--bindings", selection_.bindings, "of each queue also what it is bound to")
            .note(of_looks_);
        app.flag("--prometheus", prometheus_,
                 "as Prometheus' text, e.g. for the node exporter's textfile collector")
            .note(of_looks_);
        app.option("--record", record_,
                   "append samples to this file, one each --watch [1s], until stopped")
            .type_name("FILE");
        app.option("--report", report_,
                   "turn a recording (the file of --record, else stdin) into one HTML page")
            .type_name("FILE.html");
        app.duration("--watch", watch_, "show again after each such time, until stopped")
            .note(of_looks_);
        output_.add(app);
        management_.add(app);
        broker_.add(app);
    }

    int run() override {
        read_words();
        if (prometheus_ && output_.json())
            throw Error(ErrorKind::usage, "--prometheus and --output json exclude each other");
        if (selection_.bindings && (!selection_.queues || prometheus_))
            throw Error(ErrorKind::usage, fmt::format("--bindings is for queues: {} has none",
                                                      prometheus_ ? "--prometheus" : "'pools'"));
        if (prometheus_ && !record_.empty())
            throw Error(ErrorKind::usage, "--prometheus and --record exclude each other",
                        "a recording is JSON lines");
        if (!report_.empty()) {
            if (!words_.empty())
                throw Error(ErrorKind::usage, "--report shows all that the recording holds",
                            "leave pools, queues and names to --record");
            refuse_without_effect(of_looks_, "beside --report", "it turns a recording into a page");
            stats::write_report(record_, report_);
            return 0;
        }
        if (watch_ && *watch_ < std::chrono::milliseconds(10))
            throw Error(ErrorKind::usage, "--watch takes 10ms or more");
        if (!record_.empty()) return record();
        if (!watch_) {
            const auto snapshot = look();
            stats::print(rendered(snapshot), snapshot.notes);
            raise(snapshot.missing);
            return 0;
        }
        return watch();
    }

  private:
    void read_words() {
        if (words_.empty()) return;
        auto name = words_.begin();
        if (*name == "pools" || *name == "queues") {
            selection_.pools = *name == "pools";
            selection_.queues = !selection_.pools;
            ++name;
        }
        // Takes each name once: Prometheus' text must not repeat a sample.
        for (; name != words_.end(); ++name)
            if (std::ranges::find(selection_.names, *name) == selection_.names.end())
                selection_.names.push_back(*name);
    }

    Snapshot look() {
        auto snapshot = selection_.queues ? look_at_queues() : stats::look_at_consumers(selection_);
        if (!prometheus_) return snapshot;
        // A table shows them. A user who sends this text to a file may see only stderr.
        for (const auto& consumer : snapshot.consumers)
            if (!consumer.status)
                snapshot.notes.push_back(fmt::format("consumer '{}' ({}) does not answer",
                                                     util::printable(consumer.name), consumer.pid));
        return snapshot;
    }

    Snapshot look_at_queues() {
        auto endpoint = broker_.endpoint("stats");
        management_.apply(endpoint);
        if (watch_ || !record_.empty()) return stats::look(selection_, endpoint);
        output::Progress progress("queues", output::Progress::Output::afterwards);
        auto selection = selection_;
        selection.progress = progress.of_parts();
        return stats::look(selection, endpoint);
    }

    int record() {
        stats::RecordingFile file(record_);
        output_.format = "json";
        stats::SaidNotes said;
        const auto see = [&](Snapshot& snapshot, bool first) {
            file.append(rendered(snapshot));
            if (first)
                output::note("airy: recording to " + util::printable(record_) + "; Ctrl-C ends it");
            for (const auto& line : said.new_of(std::move(snapshot.notes)))
                output::note(line);
        };
        return stats::look_repeatedly([this] { return look(); }, see,
                                      watch_.value_or(std::chrono::seconds(1)));
    }

    std::string rendered(const Snapshot& snapshot) const {
        if (prometheus_)
            return inspect::prometheus_text(snapshot.consumers) +
                   inspect::prometheus_text(snapshot.queues);
        if (output_.json()) return stats::json_lines(snapshot);
        return stats::tables(snapshot);
    }

    int watch() {
        return stats::watch([this] { return look(); },
                            [this](const Snapshot& snapshot) { return rendered(snapshot); },
                            *watch_, output_.json());
    }

    BrokerOptions broker_;
    ManagementOption management_;
    OutputOption output_;
    std::vector<std::string> words_;
    std::optional<std::chrono::nanoseconds> watch_;
    bool prometheus_ = false;
    std::string record_;
    std::string report_;
    stats::Selection selection_;
    std::vector<std::string> of_looks_;  // given options that only looks use
};

}  // namespace

std::unique_ptr<Command> make_stats() {
    return std::make_unique<Stats>();
}

}  // namespace airy::tools
