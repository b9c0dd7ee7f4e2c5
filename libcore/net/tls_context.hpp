// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <string>

#include "net/tls_options.hpp"

namespace airy::net {

// A context for the client's side of connections. Throws Error{unreachable} that names the unusable
// file.
boost::asio::ssl::context make_tls_context(const TlsOptions& options);

// Why the handshake of `ssl` failed with `error`: the reason for a refused certificate, else
// OpenSSL's text.
std::string handshake_failure(SSL* ssl, const boost::system::error_code& error);

}  // namespace airy::net
