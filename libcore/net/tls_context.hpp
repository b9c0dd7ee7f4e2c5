// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <string>

#include "net/tls_options.hpp"
#include "util/error.hpp"

namespace airy::net {

// A context for the client's side of connections. Throws Error{unreachable} that names the unusable
// file, and Error{key_encrypted}.
boost::asio::ssl::context make_tls_context(const TlsOptions& options);

// Makes reading an encrypted key fail: OpenSSL would ask on the terminal for its passphrase.
void ask_for_no_passphrase(SSL_CTX* context) noexcept;

// Whether the last key that this thread read needs a passphrase; forgets it.
bool passphrase_wanted() noexcept;

// The error for such a key.
Error key_encrypted(const std::string& key_file);

// The failure of this thread's last handshake in OpenSSL's words, empty if there are none, and
// whether the versions of TLS are the cause. Takes it off OpenSSL's list.
struct HandshakeFailure {
    std::string text;
    bool version = false;
};
HandshakeFailure take_handshake_failure();

// Why the handshake of `ssl` failed with `error`: the reason for a refused certificate, else
// OpenSSL's text.
std::string handshake_failure(SSL* ssl, const boost::system::error_code& error);

}  // namespace airy::net
