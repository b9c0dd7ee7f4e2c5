// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "work/command.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "temporary_directory.hpp"
#include "util/error.hpp"

using namespace airy;
using work::child_environment;
using work::find_command;

namespace {

// A folder of its own with a program `run` and a file `text` that is none.
struct Folder {
    Folder() {
        for (const char* name : {"run", "text"})
            std::ofstream(path + "/" + name) << "#!/bin/sh\n";
        ::chmod((path + "/run").c_str(), 0755);
        std::filesystem::create_directory(path + "/folder");
    }
    const test::TemporaryDirectory directory;
    const std::string& path = directory.path();
};

std::string usage_error(const std::vector<std::string>& argv, std::string_view search_path) {
    try {
        find_command(argv, search_path);
    } catch (const Error& error) {
        CHECK(error.kind() == ErrorKind::usage);
        return error.what();
    }
    return "found";
}

}  // namespace

TEST_CASE("a command is found along PATH, or by its own path") {
    const Folder folder;
    const auto found = find_command({"run", "a b", ""}, "/nowhere:" + folder.path + ":/bin");
    CHECK(found.path == folder.path + "/run");
    CHECK(found.argv == std::vector<std::string>{"run", "a b", ""});
    CHECK(find_command({folder.path + "/run"}, "").path == folder.path + "/run");
}

TEST_CASE("what cannot be run is a usage error that says why") {
    const Folder folder;
    CHECK(usage_error({"run"}, "/nowhere") == "cannot run 'run': command not found");
    CHECK(usage_error({"text"}, folder.path) == "cannot run 'text': it is not executable");
    CHECK(usage_error({"folder"}, folder.path) == "cannot run 'folder': it is a directory");
    CHECK(usage_error({folder.path + "/none"}, "/bin").ends_with("command not found"));
    CHECK(usage_error({folder.path + "/text"}, "/bin").ends_with("it is not executable"));
    CHECK(usage_error({}, "/bin") == "no command to run");
    CHECK(usage_error({""}, "/bin") == "no command to run");
}

TEST_CASE("a script that the system would not run is known before it is tried") {
    const Folder folder;
    const auto error_of = [&](const std::string& content) {
        const std::string path = folder.path + "/script";
        std::ofstream(path) << content;
        ::chmod(path.c_str(), 0755);
        return usage_error({path}, "/bin");
    };
    CHECK(error_of("#!/none/such\n").ends_with("the program of its '#!' line is not there"));
    CHECK(error_of("#!/bin/sh\r\n").ends_with("the program of its '#!' line is not there"));
    CHECK(error_of("echo hello\n").ends_with("it is no program the system knows"));
    CHECK(error_of("").ends_with("it is no program the system knows"));
    CHECK(error_of("#! /bin/sh -e\n") == "found");
    CHECK(error_of("\x7f"
                   "ELF") == "found");
}

TEST_CASE("no credential reaches the child's environment") {
    const char* const environment[] = {"PATH=/bin",
                                       "AIRY_URL=amqp://u:secret@h/",
                                       "AMQP_URL=amqps://u:secret@h/",
                                       "MQ_PASSWORD=secret",
                                       "MQ_PASSWORD_FILE=/run/secret",
                                       "MQ_USER=u",
                                       "AIRY_MANAGEMENT_URL=http://u:secret@h/",
                                       "AIRY_KEY=/run/secret.pem",
                                       "RABBIT=see amqp://u:secret@h/vhost",
                                       "PLAIN=amqp://localhost/",
                                       "MQ_HOST=h",
                                       "AIRY_TOPIC=stale",
                                       "EMPTY=",
                                       "no equals sign",
                                       nullptr};
    const auto kept = child_environment(environment);
    CHECK(kept ==
          std::vector<std::string>{"PATH=/bin", "PLAIN=amqp://localhost/", "MQ_HOST=h", "EMPTY="});
}
