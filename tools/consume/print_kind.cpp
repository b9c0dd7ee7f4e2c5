// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <unistd.h>

#include "consume/handler_kind.hpp"
#include "util/error.hpp"
#include "work/print_handler.hpp"

namespace airy::tools::consume {
namespace {

// `--print`: writes each message as a message line.
class PrintKind final : public HandlerKind {
  public:
    std::string_view name() const override { return "--print"; }

    void add_options(cli::App& app) override {
        app.flag("--print", print_, "instead of a command: write each message as a message line");
    }

    bool is_chosen(const std::vector<std::string>&) const override { return print_; }
    const std::vector<std::string>& own_options() const override { return none_; }
    std::string own_options_hint() const override { return {}; }

    void check(const std::vector<std::string>&) override {
        if (::fcntl(STDOUT_FILENO, F_GETFD) < 0)
            throw Error(ErrorKind::general, "stdout is closed, so --print has nowhere to write");
    }

    // One slot keeps the order, and takes many messages at once.
    std::size_t default_slots() const override { return 1; }
    std::size_t most_slots_by_environment() const override { return 1; }
    std::size_t read_ahead(std::size_t slots, bool) const override { return 1999 * slots; }
    util::Room room() const override { return {}; }
    bool can_fail() const override { return false; }

    std::unique_ptr<work::Handler> make(const Stage& stage) override {
        return std::make_unique<work::PrintHandler>(stage.out);
    }

  private:
    bool print_ = false;
    const std::vector<std::string> none_;
};

}  // namespace

std::unique_ptr<HandlerKind> make_print_kind() {
    return std::make_unique<PrintKind>();
}

}  // namespace airy::tools::consume
