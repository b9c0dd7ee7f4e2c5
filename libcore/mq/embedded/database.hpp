// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace airy::mq::embedded {

// The text of a statement: a literal, so that no value can ever become part of it.
struct Sql {
    const char* text;
    consteval Sql(const char* literal) : text(literal) {}
};

// Bytes bound as a blob; a std::string_view alone is bound as text.
struct Blob {
    std::string_view bytes;
};

// One run of a prepared statement. Text and bytes of a row are valid until the next call of next().
class Query {
  public:
    Query(Query&& other) noexcept;
    Query(const Query&) = delete;
    Query& operator=(const Query&) = delete;
    Query& operator=(Query&&) = delete;
    ~Query();

    // Steps to the next row; false when there is none.
    bool next();

    std::int64_t integer(int column) const { return sqlite3_column_int64(statement_, column); }
    std::string_view text(int column) const;  // text or bytes
    bool null(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }
    std::optional<std::int64_t> optional(int column) const {
        return null(column) ? std::nullopt : std::optional(integer(column));
    }

  private:
    friend class Database;
    Query(class Database& database, sqlite3_stmt* statement, bool* in_use)
        : database_(&database), statement_(statement), in_use_(in_use) {
        *in_use_ = true;
    }
    void bind(int index, std::int64_t value);
    void bind(int index, int value) { bind(index, std::int64_t{value}); }
    void bind(int index, bool value) { bind(index, std::int64_t{value}); }
    void bind(int index, std::string_view text);
    void bind(int index, const std::string& text) { bind(index, std::string_view(text)); }
    void bind(int index, const char*) = delete;
    void bind(int index, Blob blob);
    void bind(int index, std::nullopt_t);
    void bind(int index, const std::optional<std::int64_t>& value) {
        value ? bind(index, *value) : bind(index, std::nullopt);
    }

    Database* database_;
    sqlite3_stmt* statement_;
    bool* in_use_;
};

// One connection to an SQLite file with its prepared statements. One thread at a time. A failure
// throws the error of throw_sqlite().
class Database {
  public:
    // `path` is absolute; `flags` are those of sqlite3_open_v2().
    Database(const std::string& path, int flags);
    ~Database();
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;

    // Binds the values to ?1, ?2…. Texts and bytes behind them must outlive the Query.
    template <typename... Values>
    Query query(Sql sql, const Values&... values) {
        Query made = prepared(sql);
        int index = 0;
        (made.bind(++index, values), ...);
        return made;
    }

    // Runs the statement to its end; returns how many rows it changed.
    template <typename... Values>
    int run(Sql sql, const Values&... values) {
        {
            Query made = query(sql, values...);
            while (made.next()) {
            }
        }
        return sqlite3_changes(handle_);
    }

    // The first column of the only row.
    template <typename... Values>
    std::optional<std::int64_t> value(Sql sql, const Values&... values) {
        Query made = query(sql, values...);
        return made.next() ? made.optional(0) : std::nullopt;
    }

    std::int64_t last_id() const noexcept { return sqlite3_last_insert_rowid(handle_); }
    sqlite3* handle() const noexcept { return handle_; }
    const std::string& path() const noexcept { return path_; }

    // Throws the error of throw_sqlite() for this file.
    [[noreturn]] void fail(int code, std::string_view failure);

  private:
    friend class Query;
    struct Prepared {
        sqlite3_stmt* statement = nullptr;
        bool in_use = false;
    };
    Query prepared(Sql sql);

    std::string path_;
    sqlite3* handle_ = nullptr;
    // By the literal's address. A statement that runs within itself is prepared more than once; the
    // deque keeps the addresses of its entries.
    std::unordered_map<const char*, std::deque<Prepared>> statements_;
};

}  // namespace airy::mq::embedded
