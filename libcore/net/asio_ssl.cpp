// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
// The bodies of Asio's TLS functions, compiled once, as util/asio.cpp does for the rest of Asio.
#include <boost/asio/ssl/impl/src.hpp>
