// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <unistd.h>

#include "consume/handler_kind.hpp"
#include "message_format.hpp"
#include "util/error.hpp"
#include "work/print_handler.hpp"

namespace airy::tools::consume {
namespace {

// `--print`: writes each message.
class PrintKind final : public HandlerKind {
  public:
    std::string_view name() const override { return "--print"; }

    void add_options(cli::App& app) override {
        app.flag("--print", print_, "instead of a command: write each message, see --output");
        format_.add(app).note(given_);
    }

    bool is_chosen(const std::vector<std::string>&) const override { return print_; }
    const std::vector<std::string>& own_options() const override { return given_; }
    std::string own_options_hint() const override { return "it is the form of --print"; }

    void check(const std::vector<std::string>&) override {
        if (::fcntl(STDOUT_FILENO, F_GETFD) < 0)
            throw Error(ErrorKind::general, "stdout is closed, so --print has nowhere to write");
    }

    // One slot keeps the order, and takes many messages at once.
    std::size_t default_slots() const override { return 1; }
    std::size_t most_slots_by_environment() const override { return 1; }
    std::size_t read_ahead(std::size_t slots, work::ReadAhead::Amount) const override {
        return 1999 * slots;
    }
    util::Room room() const override { return {}; }
    bool can_fail() const override { return false; }

    std::unique_ptr<work::Handler> make(const Stage& stage) override {
        return std::make_unique<work::PrintHandler>(
            stage.out,
            [format = format_.chosen()](std::string& out, const mq::Delivered& delivered) {
                append_message(out, delivered, format);
            });
    }

  private:
    bool print_ = false;
    MessageFormatOption format_;
    std::vector<std::string> given_;  // the option above, if it was given
};

}  // namespace

std::unique_ptr<HandlerKind> make_print_kind() {
    return std::make_unique<PrintKind>();
}

}  // namespace airy::tools::consume
