// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <boost/system/system_error.hpp>
#include <cerrno>
#include <exception>
#include <new>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "arguments.hpp"
#include "cli/parse.hpp"
#include "command.hpp"
#include "exit_codes.hpp"
#include "hints.hpp"
#include "init_process.hpp"
#include "options.hpp"
#include "output/stream.hpp"
#include "usage.hpp"
#include "util/error.hpp"
#include "util/log.hpp"
#include "util/signals.hpp"
#include "util/system_failure.hpp"

namespace airy::tools {
namespace {

int report(const Error& error) {
    output::complain(error.what(), hint_for(error));
    return exit_code_of(error.kind());
}

// What was thrown, as the error to report.
Error error_of(const std::exception& thrown) {
    if (const auto* error = dynamic_cast<const Error*>(&thrown)) return *error;
    if (dynamic_cast<const std::bad_alloc*>(&thrown) != nullptr)
        return Error(ErrorKind::general, "out of memory");
    constexpr auto action = "cannot go on";
    if (const auto* failed = dynamic_cast<const std::system_error*>(&thrown))
        return util::system_failure(action, failed->code().value());
    if (const auto* failed = dynamic_cast<const boost::system::system_error*>(&thrown))
        return util::system_failure(action, failed->code().value());
    return Error(ErrorKind::general, std::string("unexpected: ") + thrown.what());
}

int parse_and_run(const CommandEntry& entry, std::vector<std::string> args) {
    leave_duties_of_process_1();
    auto command = entry.make();
    std::vector<std::string> child;
    if (entry.takes_child) child = split_child(args);
    if (const auto help = cli::parse(entry, *command, args)) {
        output::print(*help);
        return 0;
    }
    const auto& common = common_options();
    common.start_log(common.verbose ? util::LogLevel::info
                     : common.quiet ? util::LogLevel::error
                                    : util::LogLevel::warn);
    if (entry.takes_child) command->set_child(std::move(child));
    return command->run();
}

int run(std::vector<std::string> args) {
    if (args.empty()) {
        output::complain("no command given", "airy --help lists them");
        return exit_code_of(ErrorKind::usage);
    }
    const std::string& first = args.front();
    if (first == "--version" || first == "-V") {
        output::print("airy " AIRY_VERSION "\n");
        return 0;
    }
    if (first == "--help" || first == "-h" || first == "help") {
        if (first == "help" && args.size() > 1) {
            if (const auto* entry = find_command(args[1])) return parse_and_run(*entry, {"--help"});
            throw unknown_command(args[1]);
        }
        output::print(overview());
        return 0;
    }
    const CommandEntry& entry = take_command(args);
    try {
        return parse_and_run(entry, std::move(args));
    } catch (const std::exception& thrown) {
        if (entry.report == nullptr) throw;
        return entry.report(error_of(thrown));
    }
}

// Without this, the first socket would take the number of a descriptor that the caller closed, and
// output would go into it. The replacement can be neither read nor written, so using it is an
// error.
void keep_standard_descriptors() {
    for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
        if (::fcntl(fd, F_GETFD) < 0 && errno == EBADF)
            ::open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

}  // namespace
}  // namespace airy::tools

int main(int argc, char** argv) {
    using namespace airy;
    int code = 1;
    tools::keep_standard_descriptors();
    util::ignore_sigpipe();
    util::ignore_sigxfsz();
    util::default_sigchld();
    try {
        std::vector<std::string> arguments(argv + 1, argv + argc);
        tools::hide_secrets({argv + 1, argv + argc});
        code = tools::run(std::move(arguments));
        tools::output::flush();
    } catch (const tools::output::Closed&) {
        code = tools::output::closed_exit_code;
    } catch (const tools::output::Stopped& stopped) {
        code = 128 + stopped.signal;
    } catch (const std::exception& thrown) {
        code = tools::report(tools::error_of(thrown));
    }
    return code;
}
