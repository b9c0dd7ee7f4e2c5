// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include <string>

#include "command.hpp"
#include "completion_scripts.hpp"
#include "output/stream.hpp"

namespace airy::tools {
namespace {

class Completion final : public Command {
  public:
    void add_options(cli::App& app) override {
        app.option("SHELL", shell_, "whose script to print")
            .required()
            .one_of({"bash", "zsh", "fish"});
        app.footer(
            "bash: source <(airy completion bash)\n"
            "zsh:  source <(airy completion zsh), behind compinit\n"
            "fish: airy completion fish | source");
    }

    int run() override {
        namespace scripts = completion_scripts;
        output::print(std::string(shell_ == "bash"  ? scripts::bash
                                  : shell_ == "zsh" ? scripts::zsh
                                                    : scripts::fish));
        return 0;
    }

  private:
    std::string shell_;
};

}  // namespace

std::unique_ptr<Command> make_completion() {
    return std::make_unique<Completion>();
}

}  // namespace airy::tools
