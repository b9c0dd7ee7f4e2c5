// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <memory>
#include <string>

#include "temporary_directory.hpp"

namespace airy::test {

// A self-signed certificate for one host, valid for an hour, with its key.
class SelfSigned {
  public:
    explicit SelfSigned(const std::string& host)
        : key_(::EVP_EC_gen("P-256"), ::EVP_PKEY_free),
          x509_(::X509_new(), ::X509_free),
          context_(::SSL_CTX_new(::TLS_server_method()), ::SSL_CTX_free),
          path_(directory_.path() + "/ca.pem") {
        ::X509_set_version(x509_.get(), 2);
        ::ASN1_INTEGER_set(::X509_get_serialNumber(x509_.get()), 1);
        ::X509_gmtime_adj(::X509_getm_notBefore(x509_.get()), -60);
        ::X509_gmtime_adj(::X509_getm_notAfter(x509_.get()), 3600);
        ::X509_set_pubkey(x509_.get(), key_.get());
        X509_NAME* name = ::X509_get_subject_name(x509_.get());
        ::X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                     reinterpret_cast<const unsigned char*>(host.c_str()), -1, -1,
                                     0);
        ::X509_set_issuer_name(x509_.get(), name);
        X509_EXTENSION* names =
            ::X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, ("DNS:" + host).c_str());
        ::X509_add_ext(x509_.get(), names, -1);
        ::X509_EXTENSION_free(names);
        ::X509_sign(x509_.get(), key_.get(), ::EVP_sha256());

        ::SSL_CTX_use_certificate(context_.get(), x509_.get());
        ::SSL_CTX_use_PrivateKey(context_.get(), key_.get());
        std::FILE* file = std::fopen(path_.c_str(), "w");
        ::PEM_write_X509(file, x509_.get());
        std::fclose(file);
    }

    SSL_CTX* server_context() const noexcept { return context_.get(); }
    const std::string& pem_path() const noexcept { return path_; }

  private:
    TemporaryDirectory directory_;
    std::unique_ptr<EVP_PKEY, decltype(&::EVP_PKEY_free)> key_;
    std::unique_ptr<X509, decltype(&::X509_free)> x509_;
    std::unique_ptr<SSL_CTX, decltype(&::SSL_CTX_free)> context_;
    std::string path_;
};

}  // namespace airy::test
