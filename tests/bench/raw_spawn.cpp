// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
// The limit of a command per message: starts COUNT commands, at most CONCURRENCY at once, and waits
// for each. No message, no pipe.
#include <spawn.h>
#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>

extern char** environ;

int main(int argc, char** argv) {
    if (argc < 4) {
        std::fprintf(stderr, "usage: raw_spawn COUNT CONCURRENCY CMD ARG…\n");
        return 2;
    }
    const long count = std::atol(argv[1]);
    const long concurrency = std::atol(argv[2]);
    long started = 0;
    long ended = 0;
    while (ended < count) {
        while (started < count && started - ended < concurrency) {
            pid_t pid;
            if (posix_spawn(&pid, argv[3], nullptr, nullptr, argv + 3, environ) != 0) return 1;
            ++started;
        }
        int status;
        if (waitpid(-1, &status, 0) < 0) return 1;
        ++ended;
    }
    return 0;
}
