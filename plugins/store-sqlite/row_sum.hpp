// The SQL function row_sum(column, …): a CRC-32 over the types and bytes of its arguments.
//
// Every table's last column, `sum`, holds it for the columns before. SQLite's own WAL is checksummed, its
// main file is not.
//
// Cost: about 0.3 µs a row and 1 ns a byte.
#pragma once

#include <sqlite3.h>

namespace mortise::store_sqlite {

// Makes row_sum() known to one connection.
void add_row_sum(sqlite3* to);

}  // namespace mortise::store_sqlite
