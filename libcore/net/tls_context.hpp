// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <string>

#include "net/tls_options.hpp"

namespace airy::net {

// For the client's side of connections. Throws Error{unreachable} that names the file which cannot
// be used.
boost::asio::ssl::context make_tls_context(const TlsOptions& options);

// Why the handshake of `ssl`, which ended with `error`, failed: a certificate that was refused
// comes before what OpenSSL calls the failure.
std::string handshake_failure(SSL* ssl, const boost::system::error_code& error);

}  // namespace airy::net
