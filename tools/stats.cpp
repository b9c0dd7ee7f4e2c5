// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include <fmt/core.h>
#include <fnmatch.h>
#include <poll.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <set>

#include "command.hpp"
#include "inspect/control_client.hpp"
#include "inspect/prometheus.hpp"
#include "inspect/queues.hpp"
#include "management_option.hpp"
#include "mq/broker.hpp"
#include "options.hpp"
#include "output/metrics.hpp"
#include "output/stream.hpp"
#include "stats/recording.hpp"
#include "util/clock.hpp"
#include "util/error.hpp"
#include "util/signals.hpp"
#include "util/text.hpp"

namespace airy::tools {
namespace {

using inspect::Consumer;
using inspect::QueueReport;

// What one look at everything has shown.
struct Snapshot {
    std::vector<Consumer> consumers;
    std::vector<QueueReport> queues;
    std::vector<std::string> notes;
};

class Stats final : public Command {
  public:
    void add_options(cli::App& app) override {
        app.option("what", words_,
                   "pools, queues, or both when left out; then the queues to show, all when "
                   "none is named")
            .type_name("[pools|queues] [QUEUE…]");
        app.option("--match", match_, "only queues whose name matches this shell pattern")
            .type_name("PATTERN");
        app.flag("--prometheus", prometheus_,
                 "as Prometheus' text, e.g. for the node exporter's textfile collector");
        app.option("--record", record_,
                   "append samples to this file, one each --watch [1s], until stopped")
            .type_name("FILE");
        app.option("--report", report_,
                   "turn a recording (the file of --record, else stdin) into one HTML page")
            .type_name("FILE.html");
        app.duration("--watch", watch_, "show it again after each of these, until stopped");
        output_.add(app);
        management_.add(app);
        broker_.add(app);
    }

    int run() override {
        read_words();
        if (prometheus_ && output_.json())
            throw Error(ErrorKind::usage, "--prometheus and --output json exclude each other");
        if (!report_.empty()) {
            stats::write_report(record_, report_);
            return 0;
        }
        if (!record_.empty()) return record();
        if (!watch_) {
            print(look());
            return 0;
        }
        if (*watch_ < std::chrono::milliseconds(10))
            throw Error(ErrorKind::usage, "--watch takes 10ms or more");
        return watch();
    }

  private:
    void read_words() {
        if (words_.empty()) return;
        if (words_[0] != "pools" && words_[0] != "queues") {
            names_ = words_;
            return;
        }
        pools_ = words_[0] == "pools";
        queues_ = !pools_;
        names_.assign(words_.begin() + 1, words_.end());
    }

    Snapshot look() {
        Snapshot snapshot;
        const auto consumers = inspect::list_consumers();
        if (pools_) take_consumers(consumers, snapshot);
        if (queues_) take_queues(consumers, snapshot);
        return snapshot;
    }

    void take_consumers(const std::vector<Consumer>& all, Snapshot& snapshot) {
        for (const auto& consumer : all) {
            const auto named = [&consumer](const std::string& name) {
                return consumer.name == name || std::to_string(consumer.pid) == name ||
                       (consumer.status && consumer.status->queue == name);
            };
            if (names_.empty() || std::ranges::any_of(names_, named))
                snapshot.consumers.push_back(consumer);
        }
        // Beside queues the names are those of queues, which need not have a consumer here.
        if (!queues_)
            for (const auto& name : names_)
                if (std::ranges::none_of(all, [&name](const Consumer& consumer) {
                        return consumer.status && consumer.status->queue == name;
                    }))
                    static_cast<void>(inspect::find_consumer(all, name));
        if (snapshot.consumers.empty())
            snapshot.notes.push_back("no consumer of this user runs on this host");
    }

    void take_queues(const std::vector<Consumer>& consumers, Snapshot& snapshot) {
        const auto endpoint = broker_.endpoint("stats");
        const auto management = management_.management(endpoint);
        inspect::QueueSurvey survey;
        if (names_.empty())
            survey = survey_all(endpoint, management, consumers);
        else
            survey = inspect::survey_queues(management, *mq::connect(endpoint), names_);

        if (!survey.degraded.empty())
            snapshot.notes.push_back(survey.degraded +
                                     "; ready and consumers are from a passive declare");
        for (auto& report : survey.queues)
            if (match_.empty() || ::fnmatch(match_.c_str(), report.queue.name.c_str(), 0) == 0)
                snapshot.queues.push_back(std::move(report));
        if (snapshot.queues.empty())
            snapshot.notes.push_back(match_.empty() ? "there are no queues"
                                                    : "no queue matches " + match_);
    }

    // Only the management API can list queues. Without it there are at least those that the
    // consumers on this host work on.
    static inspect::QueueSurvey survey_all(const mq::Endpoint& endpoint,
                                           const std::optional<inspect::Management>& management,
                                           const std::vector<Consumer>& consumers) {
        try {
            return inspect::survey_queues(management, *mq::connect(endpoint));
        } catch (const Error& error) {
            std::set<std::string> names;
            for (const auto& consumer : consumers)
                if (consumer.status) names.insert(consumer.status->queue);
            if (error.kind() != ErrorKind::unreachable || names.empty()) throw;
            auto survey =
                inspect::survey_queues(management, *mq::connect(endpoint),
                                       std::vector<std::string>(names.begin(), names.end()));
            survey.degraded = error.what();
            survey.degraded += "; shown are the queues of the consumers on this host";
            return survey;
        }
    }

    // A broker that is away for a while is a gap in the recording, not its end.
    int record() {
        stats::RecordingFile file(record_);
        output_.format = "json";
        std::set<std::string> said;
        for (bool first = true;; first = false) {
            Snapshot snapshot;
            try {
                snapshot = look();
            } catch (const Error& error) {
                if (first) throw;
                snapshot.notes.push_back(error.what());
            }
            if (first)
                output::note("airy: recording to " + util::printable(record_) + "; Ctrl-C ends it");
            file.append(rendered(snapshot));
            for (const auto& line : snapshot.notes)
                if (said.insert(line).second) output::note(line);
            const auto signal = wait_for_signal(watch_.value_or(std::chrono::seconds(1)));
            if (signal) return 128 + *signal;
        }
    }

    std::string rendered(const Snapshot& snapshot) const {
        std::string out;
        if (prometheus_) {
            std::vector<work::ConsumerStatus> answering;
            for (const auto& consumer : snapshot.consumers)
                if (consumer.status) answering.push_back(*consumer.status);
            return inspect::prometheus_text(answering) + inspect::prometheus_text(snapshot.queues);
        }
        if (output_.json()) {
            const auto now = util::system_clock().now();
            for (const auto& consumer : snapshot.consumers)
                out += output::pool_json(consumer, now);
            for (const auto& report : snapshot.queues)
                out += output::queue_json(report, now);
            return out;
        }
        out = output::pool_table(snapshot.consumers);
        if (!out.empty() && !snapshot.queues.empty()) out += '\n';
        return out + output::queue_table(snapshot.queues);
    }

    void print(const Snapshot& snapshot) const {
        output::print(rendered(snapshot));
        output::flush();
        for (const auto& line : snapshot.notes)
            output::note(line);
    }

    // SIGINT and SIGTERM are only held back between two looks, so that one which cannot reach the
    // broker ends at once.
    int watch() {
        const bool redraw = output::stdout_is_terminal() && !output_.json();
        std::set<std::string> said;
        for (bool first = true;; first = false) {
            Snapshot snapshot;
            try {
                snapshot = look();
            } catch (const Error& error) {
                if (first) throw;
                snapshot.notes.push_back(error.what());
            }
            draw(snapshot, redraw, first, said);
            if (const auto signal = wait_for_signal(*watch_)) return 128 + *signal;
        }
    }

    void draw(Snapshot& snapshot, bool redraw, bool first, std::set<std::string>& said) const {
        if (redraw) {
            std::string screen = "\x1b[H\x1b[2J" + rendered(snapshot);
            for (const auto& line : snapshot.notes)
                screen += util::printable(line, 1000) + "\n";
            output::print(screen);
            output::flush();
            return;
        }
        // What was said before need not be said each second.
        std::erase_if(snapshot.notes,
                      [&said](const std::string& line) { return !said.insert(line).second; });
        if (!first && !output_.json()) output::print("\n");
        print(snapshot);
    }

    static std::optional<int> wait_for_signal(std::chrono::nanoseconds pause) {
        util::SignalFd signals;
        const timespec timeout{std::chrono::duration_cast<std::chrono::seconds>(pause).count(),
                               (pause % std::chrono::seconds(1)).count()};
        pollfd waiting{signals.fd(), POLLIN, 0};
        ::ppoll(&waiting, 1, &timeout, nullptr);
        return signals.take();
    }

    BrokerOptions broker_;
    ManagementOption management_;
    OutputOption output_;
    std::vector<std::string> words_;
    std::string match_;
    std::optional<std::chrono::nanoseconds> watch_;
    bool prometheus_ = false;
    std::string record_;
    std::string report_;
    bool pools_ = true;
    bool queues_ = true;
    std::vector<std::string> names_;
};

}  // namespace

std::unique_ptr<Command> make_stats() {
    return std::make_unique<Stats>();
}

}  // namespace airy::tools
