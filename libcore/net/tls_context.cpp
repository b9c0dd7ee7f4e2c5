// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "net/tls_context.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <boost/asio/ip/address.hpp>
#include <cerrno>
#include <string_view>
#include <system_error>
#include <utility>

#include "util/error.hpp"
#include "util/fd.hpp"
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

// The error for a file that OpenSSL cannot use: it calls each that cannot be read "system lib".
Error unusable(Reason reason, std::string_view what, const std::string& path,
               const boost::system::error_code& error) {
    const auto openssl = tls_reason(error);
    const auto unreadable = why_unreadable(path);
    return Error(reason, fmt::format("cannot use the {} {}: {}", what, util::printable(path),
                                     unreadable.empty() ? openssl : unreadable));
}

}  // namespace

std::string why_unreadable(const std::string& path) {
    const util::Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    char byte = 0;
    if (file && ::read(file.get(), &byte, 1) >= 0) return {};
    return std::generic_category().message(errno);
}

bool is_address(const std::string& host) {
    boost::system::error_code error;
    boost::asio::ip::make_address(host, error);
    return !error;
}

void expect_host(X509_VERIFY_PARAM* parameters, const std::string& host) {
    if (is_address(host))
        ::X509_VERIFY_PARAM_set1_ip_asc(parameters, host.c_str());
    else
        ::X509_VERIFY_PARAM_set1_host(parameters, host.c_str(), host.size());
}

boost::asio::ssl::context make_tls_context(const TlsOptions& options) {
    using Context = boost::asio::ssl::context;
    Context context(Context::tls_client);
    boost::system::error_code error;
    if (options.ca_file.empty()) {
        context.set_default_verify_paths(error);
        if (error)
            throw Error(ErrorKind::unreachable,
                        "cannot use the system's root certificates: " + tls_reason(error));
    } else {
        context.load_verify_file(options.ca_file, error);
        if (error)
            throw unusable(Reason::authorities_unreadable, "CA file", options.ca_file, error);
    }
    if (!options.cert_file.empty()) {
        context.use_certificate_chain_file(options.cert_file, error);
        if (error)
            throw unusable(Reason::certificate_unusable, "certificate", options.cert_file, error);
        const auto& key = options.key_file.empty() ? options.cert_file : options.key_file;
        ask_for_no_passphrase(context.native_handle());
        context.use_private_key_file(key, Context::pem, error);
        if (error && passphrase_wanted()) throw key_encrypted(key);
        if (error) throw unusable(Reason::certificate_unusable, "key", key, error);
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

bool is_of_other_host(long verified) noexcept {
    return verified == X509_V_ERR_HOSTNAME_MISMATCH || verified == X509_V_ERR_IP_ADDRESS_MISMATCH;
}

HandshakeFailure take_handshake_failure() {
    const unsigned long code = ::ERR_peek_error();
    ::ERR_clear_error();
    if (code == 0) return {};
    const char* text = ::ERR_reason_error_string(code);
    return {text != nullptr ? text : "", is_about_versions(ERR_GET_REASON(code))};
}

std::string handshake_failure(SSL* ssl, const std::string& host,
                              const boost::system::error_code& error) {
    const long verified = ::SSL_get_verify_result(ssl);
    if (is_of_other_host(verified))
        return fmt::format("the certificate is not for '{}'", util::printable(host));
    return verified != X509_V_OK ? ::X509_verify_cert_error_string(verified) : tls_reason(error);
}

}  // namespace airy::net
