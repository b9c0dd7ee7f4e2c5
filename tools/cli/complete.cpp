// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <iterator>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "cli/names.hpp"
#include "command.hpp"
#include "event/topic.hpp"
#include "event_types.hpp"
#include "inspect/control_client.hpp"
#include "inspect/control_directory.hpp"
#include "mq/broker.hpp"
#include "options.hpp"
#include "output/stream.hpp"
#include "settings.hpp"
#include "usage.hpp"

// `airy __complete -- WORD…`: answers the completion scripts. The words are those after `airy`, up
// to the one at the cursor, which may be empty. Each line of the answer is a candidate, a tab and
// its description. A line that begins with the tab is an instruction to the script: with `files`
// and `command` the shell adds its own candidates, with `nospace` it adds no space behind the word.
namespace airy::tools {
namespace {

// The shell waits for the answer each time the user presses Tab.
constexpr auto broker_deadline = std::chrono::milliseconds(300);

struct Answer {
    std::vector<std::pair<std::string, std::string>> candidates;
    bool files = false;
    bool command = false;
    bool no_space = false;

    void add(std::string_view text, std::string_view description = {}) {
        candidates.emplace_back(text, description);
    }
};

// The words before the cursor, as the command itself would read them.
struct Line {
    std::string_view command;
    std::vector<std::string> args;         // without the command's name
    CLI::App* scope = nullptr;             // the command, or the subcommand that was named
    const CLI::Option* awaited = nullptr;  // wants its value at the cursor
    std::set<const CLI::Option*> given;
    std::vector<std::string> positionals;
};

bool takes_value(const CLI::Option& option) {
    return option.get_items_expected_max() > 0;
}

bool is_option(std::string_view word) {
    return word.size() > 1 && word[0] == '-';
}

// Looks in the app, then in its parent.
const CLI::Option* find_option(const CLI::App& app, std::string_view word) {
    const std::string name(word.starts_with("--") ? word : word.substr(0, 2));
    const auto* option = app.get_option_no_throw(name);
    if (option == nullptr && app.get_parent() != nullptr)
        return app.get_parent()->get_option_no_throw(name);
    return option;
}

CLI::App* find_subcommand(CLI::App& app, std::string_view word) {
    for (auto* sub : app.get_subcommands({}))
        if (sub->get_name() == word) return sub;
    return nullptr;
}

void read_option(Line& line, const std::string& word) {
    const auto equals = word.find('=');
    const auto* option = find_option(*line.scope, std::string_view(word).substr(0, equals));
    if (option == nullptr) return;
    line.given.insert(option);
    const bool holds_value = word.starts_with("--") ? equals != std::string::npos : word.size() > 2;
    if (takes_value(*option) && !holds_value) line.awaited = option;
}

Line read_line(CLI::App& app, std::vector<std::string> args) {
    Line line;
    line.scope = &app;
    for (const auto& word : args) {
        if (line.awaited != nullptr) {
            line.awaited = nullptr;
        } else if (is_option(word)) {
            read_option(line, word);
        } else if (auto* sub =
                       line.positionals.empty() ? find_subcommand(*line.scope, word) : nullptr) {
            line.scope = sub;
        } else {
            line.positionals.push_back(word);
        }
    }
    line.args = std::move(args);
    return line;
}

// The queues that a user can name: a queue of one connection is that connection's own. The broker
// is the one of the line or of the environment.
std::vector<std::string> queue_names(const Line& line) {
    BrokerOptions broker;
    std::string management_url;
    CLI::App app;
    app.allow_extras();
    cli::App declared(app);
    broker.add(declared);
    declare_setting(declared, Setting::management_url, management_url);
    try {
        app.parse(std::vector<std::string>(line.args.rbegin(), line.args.rend()));
    } catch (const CLI::ParseError&) {
        // The typed line may still be incomplete or wrong.
    }
    auto endpoint = broker.endpoint("complete");
    endpoint.connect_timeout = broker_deadline;
    endpoint.management_url = settings().value(Setting::management_url, management_url);
    endpoint.management_deadline = broker_deadline;
    endpoint.create = false;  // completion must not make the file
    std::vector<std::string> names;
    try {
        for (auto& report : mq::connect(endpoint)->inventory({.counts = false}).queues)
            if (!report.queue.exclusive) names.push_back(std::move(report.queue.name));
    } catch (const Error&) {
        names.clear();  // without a broker there are no names
    }
    return names;
}

// The work queues that have a dead-letter queue.
std::vector<std::string> work_queue_names(const Line& line) {
    const auto all = queue_names(line);
    std::vector<std::string> names;
    std::ranges::copy_if(all, std::back_inserter(names), [&all](const std::string& name) {
        return std::ranges::find(all, mq::dead_letter_queue_of(name)) != all.end();
    });
    return names;
}

void add_event_types(Answer& answer) {
    for (const auto& type : catalogue().types())
        answer.add(type.name, type.summary);
}

void add_patterns(Answer& answer) {
    add_event_types(answer);
    std::set<std::string> families;
    for (const auto& type : catalogue().types())
        families.insert(std::string(type.name.substr(0, type.name.find('.'))) + ".*");
    for (const auto& family : families)
        answer.add(family, "every event of this kind");
    answer.add("#", "every event");
}

// `field=` for the events that the positionals name, and `field=choice` where the choices are
// known.
void add_fields(Answer& answer, const Line& line, std::string_view prefix) {
    std::set<std::string_view> seen;
    const auto named = [&](const event::EventType& type) {
        return std::ranges::any_of(line.positionals, [&](const std::string& pattern) {
            return event::matches(pattern, type.name);
        });
    };
    for (const auto& type : catalogue().types()) {
        if (!line.positionals.empty() && !named(type)) continue;
        for (const auto& field : type.fields) {
            if (!seen.insert(field.name).second) continue;
            const std::string start = std::string(field.name) + "=";
            if (!prefix.starts_with(start)) answer.add(start, event::field_type_name(field.type));
            for (const auto choice : field.choices)
                if (prefix.starts_with(start)) answer.add(start + std::string(choice));
        }
    }
    answer.no_space = prefix.find('=') == std::string_view::npos;
}

// The choices: `{text,json}` of a checked value, `[pools|queues]` of a described one.
void add_choices(Answer& answer, const std::string& type) {
    for (const std::string_view brackets : {"{,}", "[|]"}) {
        const auto open = type.find(brackets[0]);
        const auto close = type.find(brackets[2], open);
        if (open == std::string::npos || close == std::string::npos) continue;
        const auto inside = type.substr(open + 1, close - open - 1);
        if (inside.find(brackets[1]) == std::string::npos) continue;
        for (const auto& choice : CLI::detail::split(inside, brackets[1]))
            answer.add(choice);
    }
}

void add_consumers(Answer& answer) {
    for (const auto& socket : inspect::control_sockets())
        answer.add(socket.name, fmt::format("pid {}", socket.pid));
}

// The ids of the messages that the consumer on the line handles now.
void add_running(Answer& answer, const Line& line) {
    const auto consumers = inspect::list_consumers(broker_deadline);
    for (const auto& consumer : consumers) {
        const bool named = line.positionals.front() == std::to_string(consumer.pid) ||
                           inspect::is_named(consumer, line.positionals.front());
        if (!named || !consumer.status) continue;
        for (const auto& task : consumer.status->tasks)
            answer.add(task.message_id, task.topic);
    }
}

void add_values(Answer& answer, const Line& line, const CLI::Option& option,
                std::string_view prefix) {
    const std::string name = cli::value_name_of(option);
    const bool positional = option.get_positional();
    // Of an operand that repeats, only the first value is one of the choices.
    if (!positional || line.positionals.empty()) add_choices(answer, option.get_type_name());
    if (name == "TOPIC" || (name == "TYPE" && (positional || option.check_lname("topic")))) {
        add_event_types(answer);
    } else if (name == "PATTERN" && (positional || option.check_lname("bind"))) {
        add_patterns(answer);
    } else if (positional && line.command == "stats" && !line.positionals.empty() &&
               line.positionals.front() == "pools") {
        add_consumers(answer);
    } else if (name.find("QUEUE") != std::string::npos) {
        // The operands of dlq are work queues; --to and --dlq name any queue.
        const bool of_letters = positional && line.command == "dlq";
        for (const auto& queue : of_letters ? work_queue_names(line) : queue_names(line))
            answer.add(queue, "queue");
    } else if (name == "CONSUMER") {
        add_consumers(answer);
    } else if (name == "ID" && positional && line.command == "pool") {
        add_running(answer, line);
    } else if (name.starts_with("FILE")) {
        answer.files = true;
    } else if (option.check_lname("set") || option.check_lname("where")) {
        add_fields(answer, line, prefix);
    }
}

void add_options(Answer& answer, const CLI::App& app, const std::set<const CLI::Option*>& given) {
    for (const auto* option : app.get_options()) {
        const bool again = option->get_expected_max() > 1;
        if (!cli::is_shown(*option) || (given.contains(option) && !again)) continue;
        answer.add(cli::name_of(*option), option->get_description());
    }
    if (app.get_parent() == nullptr) return;
    Answer inherited;
    add_options(inherited, *app.get_parent(), given);
    // A subcommand declares what it takes; only the options of every command come from above.
    for (auto& candidate : inherited.candidates) {
        const auto* const option = app.get_parent()->get_option_no_throw(candidate.first);
        if (option != nullptr && !cli::is_own(*option) &&
            app.get_option_no_throw(candidate.first) == nullptr)
            answer.candidates.push_back(std::move(candidate));
    }
}

// Candidates for the positional at the cursor: the earlier ones have their values.
void add_positional(Answer& answer, const Line& line, std::string_view current) {
    if (line.positionals.empty())
        for (auto* sub : line.scope->get_subcommands({}))
            answer.add(sub->get_name(), sub->get_description());
    auto skipped = static_cast<int>(line.positionals.size());
    for (const auto* option : line.scope->get_options()) {
        if (!option->get_positional()) continue;
        if (skipped < option->get_items_expected_max()) {
            add_values(answer, line, *option, current);
            return;
        }
        skipped -= option->get_items_expected_max();
    }
}

void add_commands(Answer& answer) {
    for (const auto& entry : commands())
        if (!entry.hidden) answer.add(entry.name, entry.summary);
    answer.add("help", "the same as COMMAND --help");
}

Answer complete_command(const CommandEntry& entry, std::vector<std::string> args,
                        const std::string& current) {
    Answer answer;
    if (entry.takes_child) {
        const auto dashes = std::ranges::find(args, "--");
        if (dashes != args.end()) {
            answer.command = dashes + 1 == args.end();
            answer.files = !answer.command;
            return answer;
        }
    }
    CLI::App app;
    app.set_help_flag("-h,--help", "show this help and exit");
    auto command = entry.make();
    cli::App declared(app);
    command->add_options(declared);
    common_options().add(declared);

    Line line = read_line(app, std::move(args));
    line.command = entry.name;
    const auto equals = current.find('=');
    if (line.awaited != nullptr) {
        add_values(answer, line, *line.awaited, current);
    } else if (current.starts_with("--") && equals != std::string::npos) {
        const auto* option = find_option(*line.scope, current.substr(0, equals));
        if (option == nullptr) return answer;
        add_values(answer, line, *option, std::string_view(current).substr(equals + 1));
        for (auto& [text, description] : answer.candidates)
            text.insert(0, current, 0, equals + 1);
    } else if (current.starts_with('-')) {
        add_options(answer, *line.scope, line.given);
    } else {
        add_positional(answer, line, current);
    }
    return answer;
}

Answer complete(std::vector<std::string> words, const CommandEntry& self) {
    const std::string current = words.empty() ? "" : words.back();
    if (!words.empty()) words.pop_back();
    Answer answer;
    if (words == std::vector<std::string>{"help"}) {
        add_commands(answer);
        return answer;
    }
    // With this command's own name at the end: take_command returns it when the words name no
    // command.
    words.emplace_back(self.name);
    const CommandEntry& entry = take_command(words);
    if (&entry != &self) {
        words.pop_back();
        return complete_command(entry, std::move(words), current);
    }
    if (!current.starts_with('-')) {
        add_commands(answer);
        return answer;
    }
    CLI::App app;
    app.set_help_flag("-h,--help", "list the commands and exit");
    app.set_version_flag("-V,--version", AIRY_VERSION, "show the version and exit");
    BrokerOptions broker;
    cli::App declared(app);
    broker.add(declared);
    common_options().add(declared);
    add_options(answer, app, {});
    return answer;
}

// A name with a tab, a line end or another control character cannot be typed either.
bool printable_line(std::string_view text) {
    return !text.empty() && std::ranges::none_of(text, [](unsigned char c) { return c < 0x20; });
}

class Complete final : public Command {
  public:
    void add_options(cli::App&) override {}

    void set_child(std::vector<std::string> words) override { words_ = std::move(words); }

    // On any error the shell needs no message, only fewer candidates.
    int run() override {
        Answer answer;
        const std::string current = words_.empty() ? "" : words_.back();
        try {
            answer = complete(words_, *find_command("__complete"));
        } catch (const Error&) {
        } catch (const CLI::Error&) {
        }
        for (const auto& [text, description] : answer.candidates)
            if (text.starts_with(current) && printable_line(text))
                output::print(fmt::format("{}\t{}\n", text, description));
        if (answer.files) output::print("\tfiles\n");
        if (answer.command) output::print("\tcommand\n");
        if (answer.no_space) output::print("\tnospace\n");
        return 0;
    }

  private:
    std::vector<std::string> words_;
};

}  // namespace

std::unique_ptr<Command> make_complete() {
    return std::make_unique<Complete>();
}

}  // namespace airy::tools
