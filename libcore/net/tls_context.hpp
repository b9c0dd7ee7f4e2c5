// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <string>

#include "net/tls_options.hpp"
#include "util/error.hpp"

namespace airy::net {

// A context for the client's side of connections. Throws Error{authorities_unreadable},
// Error{certificate_unusable} and Error{key_encrypted}, which name the file.
boost::asio::ssl::context make_tls_context(const TlsOptions& options);

// Why a file cannot be read, in the system's words; empty: it can.
std::string why_unreadable(const std::string& path);

// Whether the host is an address, not a name.
bool is_address(const std::string& host);

// Makes OpenSSL compare the peer's certificate with the host.
void expect_host(X509_VERIFY_PARAM* parameters, const std::string& host);

// Whether this result of verifying (X509_V_…) says that the certificate is for another host.
bool is_of_other_host(long verified) noexcept;

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

// Why the handshake of `ssl` with `host` failed with `error`: the reason for a refused certificate,
// else OpenSSL's text.
std::string handshake_failure(SSL* ssl, const std::string& host,
                              const boost::system::error_code& error);

}  // namespace airy::net
