// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

// The places of the control sockets of this user's consumers. Any thread.
namespace airy::inspect {

// The directory for new sockets, made with mode 0700 when missing: `$XDG_RUNTIME_DIR/airy`, else
// `airy-<uid>` under $TMPDIR or /tmp. Throws Error{general} when it cannot be made, or is not this
// user's own, closed to all others.
std::string make_control_directory();

// Every directory in which consumers of this user may have their sockets. A consumer started by
// cron or systemd does not have the environment of a login session, so both usual places are
// searched unless XDG_RUNTIME_DIR points to another one. Skips missing and unsafe directories.
std::vector<std::string> control_directories();

// One file in such a directory that a consumer listens on.
struct ControlSocket {
    std::string path;
    std::string name;  // as in the file's name, see socket_name
    int pid = 0;
    std::string token;
};

// The sockets in a directory, by name, then pid. Throws nothing; a directory that vanishes has
// none.
std::vector<ControlSocket> control_sockets();

// A consumer's name as a part of a file's name: foreign characters replaced by `_`.
std::string socket_name(std::string_view consumer);

// `<directory>/<socket_name>-<pid>.<token>.sock`, the name cut so that the path fits a socket
// address. Throws Error{general} when the directory's path alone is too long for one.
std::string control_path(const std::string& directory, std::string_view consumer, int pid,
                         std::string_view token);

// A token that no other socket has: containers that share a directory number their processes
// alike.
std::string new_socket_token();

// Whether the socket of this path may belong to a consumer of this name and pid.
bool may_be_socket_of(const std::string& path, std::string_view consumer, int pid);

// What to say where no consumer is found: others may run in places that this process cannot see.
inline constexpr std::string_view none_seen =
    "no consumer of this user is seen from here; one in a container, or a service with "
    "PrivateTmp=, may run unseen";

// Whether a process of user `peer` may control a consumer of user `own`: the same user, or root.
bool may_control(uid_t peer, uid_t own) noexcept;

}  // namespace airy::inspect
