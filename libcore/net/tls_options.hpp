// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace airy::net {

// The trusted certificates and the client's own; paths of PEM files, empty = not given.
struct TlsOptions {
    std::string ca_file;  // empty: the system's roots
    std::string cert_file;
    std::string key_file;   // empty: in `cert_file`
    bool insecure = false;  // neither the peer nor its host name is verified
};

}  // namespace airy::net
