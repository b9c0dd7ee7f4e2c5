// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/embedded/database.hpp"

#include <utility>

#include "mq/embedded/errors.hpp"

namespace airy::mq::embedded {

Query::Query(Query&& other) noexcept
    : database_(other.database_),
      statement_(std::exchange(other.statement_, nullptr)),
      in_use_(other.in_use_) {}

Query::~Query() {
    if (statement_ == nullptr) return;
    sqlite3_reset(statement_);
    *in_use_ = false;
}

bool Query::next() {
    const int code = sqlite3_step(statement_);
    if (code == SQLITE_ROW) return true;
    if (code != SQLITE_DONE)
        database_->fail(sqlite3_extended_errcode(database_->handle_), "cannot read or write");
    return false;
}

std::string_view Query::text(int column) const {
    // The pointer before the size: sqlite3_column_blob() may convert the value.
    const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement_, column));
    return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

void Query::bind(int index, std::int64_t value) {
    sqlite3_bind_int64(statement_, index, value);
}

void Query::bind(int index, std::string_view text) {
    // SQLite takes a null pointer for NULL.
    const char* const data = text.empty() ? "" : text.data();
    sqlite3_bind_text64(statement_, index, data, text.size(), SQLITE_STATIC, SQLITE_UTF8);
}

void Query::bind(int index, Blob blob) {
    const char* const data = blob.bytes.empty() ? "" : blob.bytes.data();
    if (sqlite3_bind_blob64(statement_, index, data, blob.bytes.size(), SQLITE_STATIC) != SQLITE_OK)
        database_->fail(sqlite3_extended_errcode(database_->handle_), "cannot store the message");
}

void Query::bind(int index, std::nullopt_t) {
    sqlite3_bind_null(statement_, index);
}

Database::Database(const std::string& path, int flags) : path_(path) {
    const int code = sqlite3_open_v2(path.c_str(), &handle_, flags, nullptr);
    if (code == SQLITE_OK) {
        sqlite3_extended_result_codes(handle_, 1);
        return;
    }
    try {
        fail(handle_ ? sqlite3_extended_errcode(handle_) : code, "cannot open the broker");
    } catch (...) {
        sqlite3_close(handle_);
        throw;
    }
}

Database::~Database() {
    for (auto& [sql, prepared] : statements_)
        for (auto& one : prepared)
            sqlite3_finalize(one.statement);
    sqlite3_close(handle_);
}

Query Database::prepared(Sql sql) {
    auto& same = statements_[sql.text];
    for (auto& one : same)
        if (!one.in_use) return {*this, one.statement, &one.in_use};
    Prepared fresh;
    const int code = sqlite3_prepare_v3(handle_, sql.text, -1, SQLITE_PREPARE_PERSISTENT,
                                        &fresh.statement, nullptr);
    if (code != SQLITE_OK)
        fail(sqlite3_extended_errcode(handle_), "cannot read the broker's tables");
    same.push_back(fresh);
    return {*this, fresh.statement, &same.back().in_use};
}

void Database::fail(int code, std::string_view failure) {
    throw_sqlite(handle_, code, failure, path_);
}

}  // namespace airy::mq::embedded
