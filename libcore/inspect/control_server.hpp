// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "work/status.hpp"

namespace boost::asio {
class io_context;
}

namespace airy::net {
class Listener;
}

namespace airy::inspect {

// Serves a running consumer's control socket (control_directory.hpp): a client connects, sends one
// JSON object in a line, `{"op":"status"}`, `{"op":"resize","size":N}`, `{"op":"pause"}`,
// `{"op":"resume"}`, `{"op":"drain"}` or `{"op":"cancel","id":…,"dead_letter":false}`, and gets one
// line: `{"ok":true,"status":{…}}` or `{"ok":false,"reason":…,"error":…,"hint":…}`.
//
// Lives on the loop thread of `loop`, which must outlive it, as must the consumer. Clients that are
// slow, too many, hostile or of another user are dropped and disturb nothing.
class ControlServer {
  public:
    // Listens from now on; the socket appears when it is ready. Throws Error{general}.
    ControlServer(boost::asio::io_context& loop, std::string_view name,
                  work::ConsumerControl& consumer);
    ~ControlServer();
    ControlServer(const ControlServer&) = delete;
    ControlServer& operator=(const ControlServer&) = delete;

    const std::string& path() const noexcept { return path_; }

  private:
    struct Served;
    std::shared_ptr<Served> served_;  // shared with the coroutines that serve
    std::string path_;
    std::unique_ptr<net::Listener> listener_;
};

// Carries out the request in one line. Returns the answer that refuses it, without a line end, or
// nothing when it is done. No text of the line makes it throw.
std::string perform_control_request(std::string_view line, work::ConsumerControl& consumer);

}  // namespace airy::inspect
