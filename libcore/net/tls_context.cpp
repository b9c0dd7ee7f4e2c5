// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "net/tls_context.hpp"

#include <fmt/core.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include <utility>

#include "util/error.hpp"
#include "util/text.hpp"

namespace airy::net {
namespace {

thread_local bool wants_passphrase = false;

int refuse_passphrase(char*, int, int, void*) {
    wants_passphrase = true;
    return -1;
}

bool is_about_versions(int reason) noexcept {
    return reason == SSL_R_UNSUPPORTED_PROTOCOL || reason == SSL_R_TLSV1_ALERT_PROTOCOL_VERSION ||
           reason == SSL_R_NO_PROTOCOLS_AVAILABLE;
}

std::string tls_reason(const boost::system::error_code& error) {
    const unsigned long code = ::ERR_peek_last_error();
    ::ERR_clear_error();
    const char* text = code != 0 ? ::ERR_reason_error_string(code) : nullptr;
    return text != nullptr ? text : error.message();
}

}  // namespace

boost::asio::ssl::context make_tls_context(const TlsOptions& options) {
    using Context = boost::asio::ssl::context;
    Context context(Context::tls_client);
    boost::system::error_code error;
    auto check = [&error](const char* what, const std::string& path) {
        if (error)
            throw Error(ErrorKind::unreachable,
                        fmt::format("cannot use the {} {}: {}", what, path, tls_reason(error)));
    };
    if (options.ca_file.empty()) {
        context.set_default_verify_paths(error);
        check("system's", "root certificates");
    } else {
        context.load_verify_file(options.ca_file, error);
        check("CA file", options.ca_file);
    }
    if (!options.cert_file.empty()) {
        context.use_certificate_chain_file(options.cert_file, error);
        check("certificate", options.cert_file);
        const auto& key = options.key_file.empty() ? options.cert_file : options.key_file;
        ask_for_no_passphrase(context.native_handle());
        context.use_private_key_file(key, Context::pem, error);
        if (error && passphrase_wanted()) throw key_encrypted(key);
        check("key", key);
    }
    context.set_verify_mode(options.insecure ? boost::asio::ssl::verify_none
                                             : boost::asio::ssl::verify_peer);
    return context;
}

void ask_for_no_passphrase(SSL_CTX* context) noexcept {
    wants_passphrase = false;
    ::SSL_CTX_set_default_passwd_cb(context, refuse_passphrase);
}

bool passphrase_wanted() noexcept {
    return std::exchange(wants_passphrase, false);
}

Error key_encrypted(const std::string& key_file) {
    return Error(
        Reason::key_encrypted,
        fmt::format("the key '{}' is encrypted, it needs a passphrase", util::printable(key_file)),
        "nobody is asked for it; openssl pkey -in KEY -out FILE writes the key without one");
}

HandshakeFailure take_handshake_failure() {
    const unsigned long code = ::ERR_peek_error();
    ::ERR_clear_error();
    if (code == 0) return {};
    const char* text = ::ERR_reason_error_string(code);
    return {text != nullptr ? text : "", is_about_versions(ERR_GET_REASON(code))};
}

std::string handshake_failure(SSL* ssl, const boost::system::error_code& error) {
    const long verified = ::SSL_get_verify_result(ssl);
    return verified != X509_V_OK ? ::X509_verify_cert_error_string(verified) : tls_reason(error);
}

}  // namespace airy::net
