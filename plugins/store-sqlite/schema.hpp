// The tables and views of a store, and their version.
//
// A table's columns are asked of the database, so that the schema's text is the only place that lists them.
// Source: README.md, "Tables and views".
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "database.hpp"

namespace mortise::store_sqlite {

// In the header of every store: "MRTS".
inline constexpr std::int32_t application_id = 0x4d525453;
// In the header, too, as user_version. A file of another version is refused.
inline constexpr std::int32_t schema_version = 1;
// Small pages, because a commit writes whole ones. README.md, "Figures".
inline constexpr std::int32_t page_size = 1024;

struct Table {
  const char* name;
  const char* key;  // columns, comma-separated; one alone is the rowid
};
inline constexpr std::array<Table, 12> tables{{{"state", "id"},
                                               {"numbers", "id"},
                                               {"session", "number"},
                                               {"ended", "session"},
                                               {"gone", "message"},
                                               {"subscription", "session, share, filter"},
                                               {"message", "number"},
                                               {"identifiers", "number"},
                                               {"delivery", "number"},
                                               {"inbound", "session, identifier"},
                                               {"retained_value", "topic"},
                                               {"will", "session"}}};

// Names of the columns of `table` in order, without `sum`.
std::vector<std::string> columns_of(Connection& of, std::string_view table);
// "a, b, c", each with `before` in front.
std::string listed(const std::vector<std::string>& columns, std::string_view before = {});

// INSERT of a whole row with its sum, parameters in the order of the columns. `conflict` is the ON CONFLICT
// clause; without one a row of the same key is replaced.
std::string put_sql(Connection& of, std::string_view table, std::string_view conflict = {});

// Makes the tables and views in an empty file. Nobody knows the file before it is finished, so until then
// nothing of it is synced and nothing can be rolled back: after an error it must be thrown away.
void create_schema(Connection& in);
// Brings such a file to the device, and gives it the WAL it will be used with.
void finish_new(Connection& in);

}  // namespace mortise::store_sqlite
