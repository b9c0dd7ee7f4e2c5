// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include <CLI/CLI.hpp>
#include <string>

#include "cli/names.hpp"
#include "command.hpp"
#include "options.hpp"
#include "output/stream.hpp"
#include "util/json_writer.hpp"

// `airy __options`: every option and operand of every command, one JSON object a line. The lints
// read it: one name has one meaning, and a hint names only what is there.
namespace airy::tools {
namespace {

util::JsonArray array_of(const std::vector<std::string>& words) {
    util::JsonArray array;
    for (const auto& word : words)
        array.add(word);
    return array;
}

void print_options(const CLI::App& app, const std::string& command) {
    for (const auto* option : app.get_options()) {
        if (option->get_group().empty()) continue;
        const bool operand = option->get_positional();
        output::print(util::JsonObject()
                          .add("command", command)
                          .add("name", operand ? option->get_name(true) : cli::name_of(*option))
                          .add("operand", operand)
                          .add("letter", util::null_if_empty(cli::letter_of(*option)))
                          .add("former", array_of(cli::former_names_of(*option)))
                          .add("value", util::null_if_empty(cli::value_name_of(*option)))
                          .add("checks", util::null_if_empty(cli::checks_of(*option)))
                          .add("required", option->get_required())
                          .add("help", option->get_description())
                          .line());
    }
    for (const auto* sub : app.get_subcommands({}))
        print_options(*sub, command + " " + sub->get_name());
}

class OptionTable final : public Command {
  public:
    void add_options(cli::App&) override {}

    int run() override {
        for (const auto& entry : commands()) {
            if (entry.hidden) continue;
            CLI::App app;
            app.set_help_flag("-h,--help", "show this help and exit");
            const auto command = entry.make();
            cli::App declared(app);
            command->add_options(declared);
            CommonOptions common;
            common.add(declared);
            print_options(app, std::string(entry.name));
        }
        return 0;
    }
};

}  // namespace

std::unique_ptr<Command> make_option_table() {
    return std::make_unique<OptionTable>();
}

}  // namespace airy::tools
