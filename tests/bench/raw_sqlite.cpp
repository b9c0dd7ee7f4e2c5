// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
// The limit that the embedded broker is measured against: bare SQLite with similar rows in
// transactions of the same size, without threads, queues or wakeups.
//   raw_sqlite publish DB LINES BATCH    a line a row, in transactions of BATCH
//   raw_sqlite consume DB COUNT BATCH OUT   reads and deletes them, writes the bodies
#include <sqlite3.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <string>

namespace {

sqlite3* open(const char* path) {
    sqlite3* db = nullptr;
    if (sqlite3_open(path, &db) != SQLITE_OK) {
        std::fprintf(stderr, "raw_sqlite: %s\n", sqlite3_errmsg(db));
        std::exit(1);
    }
    return db;
}

void run(sqlite3* db, const char* sql) {
    if (sqlite3_exec(db, sql, nullptr, nullptr, nullptr) == SQLITE_OK) return;
    std::fprintf(stderr, "raw_sqlite: %s: %s\n", sql, sqlite3_errmsg(db));
    std::exit(1);
}

sqlite3_stmt* prepare(sqlite3* db, const char* sql) {
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v2(db, sql, -1, &statement, nullptr) != SQLITE_OK) {
        std::fprintf(stderr, "raw_sqlite: %s: %s\n", sql, sqlite3_errmsg(db));
        std::exit(1);
    }
    return statement;
}

int publish(char** argv) {
    auto* db = open(argv[2]);
    const auto batch = std::strtoull(argv[4], nullptr, 10);
    run(db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA secure_delete = OFF");
    run(db,
        "CREATE TABLE message (id INTEGER PRIMARY KEY, deliveries INTEGER NOT NULL, holder INTEGER,"
        " expires_at INTEGER, exchange TEXT NOT NULL, topic TEXT NOT NULL, meta BLOB NOT NULL,"
        " body BLOB NOT NULL)");
    auto* insert = prepare(db,
                           "INSERT INTO message (id, deliveries, exchange, topic, meta, body) "
                           "VALUES (?1, 0, 'airy.bench', 'post.published', ?2, ?3)");
    const std::string meta(86, 'm');  // as large as the properties of an event
    std::ifstream lines(argv[3]);
    std::string line;
    std::uint64_t number = 0;
    while (std::getline(lines, line)) {
        if (number % batch == 0)
            run(db, number == 0 ? "BEGIN IMMEDIATE" : "COMMIT; BEGIN IMMEDIATE");
        sqlite3_bind_int64(insert, 1,
                           static_cast<sqlite3_int64>((std::uint64_t{1} << 43) + ++number));
        sqlite3_bind_blob(insert, 2, meta.data(), static_cast<int>(meta.size()), SQLITE_STATIC);
        sqlite3_bind_blob(insert, 3, line.data(), static_cast<int>(line.size()), SQLITE_STATIC);
        if (sqlite3_step(insert) != SQLITE_DONE) return 1;
        sqlite3_reset(insert);
    }
    run(db, "COMMIT");
    sqlite3_finalize(insert);
    sqlite3_close(db);
    return 0;
}

int consume(char** argv) {
    auto* db = open(argv[2]);
    const auto count = std::strtoull(argv[3], nullptr, 10);
    run(db, "PRAGMA synchronous = NORMAL; PRAGMA secure_delete = OFF");
    auto* select = prepare(db,
                           "SELECT id, exchange, topic, meta, body FROM message WHERE id > ?1 "
                           "ORDER BY id LIMIT ?2");
    auto* remove = prepare(db, "DELETE FROM message WHERE id BETWEEN ?1 AND ?2");
    auto* out = std::fopen(argv[5], "w");
    sqlite3_int64 last = 0;
    for (std::uint64_t taken = 0; taken < count;) {
        run(db, "BEGIN IMMEDIATE");
        const auto before = last;
        sqlite3_bind_int64(select, 1, last);
        sqlite3_bind_int64(select, 2, std::atoll(argv[4]));
        while (sqlite3_step(select) == SQLITE_ROW) {
            last = sqlite3_column_int64(select, 0);
            sqlite3_column_blob(select, 3);
            std::fwrite(sqlite3_column_blob(select, 4), 1,
                        static_cast<std::size_t>(sqlite3_column_bytes(select, 4)), out);
            std::fputc('\n', out);
            ++taken;
        }
        sqlite3_reset(select);
        if (last == before) return 1;
        sqlite3_bind_int64(remove, 1, before + 1);
        sqlite3_bind_int64(remove, 2, last);
        if (sqlite3_step(remove) != SQLITE_DONE) return 1;
        sqlite3_reset(remove);
        run(db, "COMMIT");
    }
    std::fclose(out);
    sqlite3_finalize(select);
    sqlite3_finalize(remove);
    sqlite3_close(db);
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc == 5 && std::strcmp(argv[1], "publish") == 0) return publish(argv);
    if (argc == 6 && std::strcmp(argv[1], "consume") == 0) return consume(argv);
    std::fprintf(stderr, "usage: raw_sqlite publish DB LINES BATCH | consume DB COUNT BATCH OUT\n");
    return 2;
}
