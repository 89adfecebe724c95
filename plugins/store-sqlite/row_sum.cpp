#include "row_sum.hpp"

#include <zlib.h>

#include <array>
#include <cstddef>
#include <cstdint>

namespace mortise::store_sqlite {
namespace {

// Type and length stand before the bytes, so that ('ab', 'c') and ('a', 'bc') differ.
uLong add(uLong sum, int type, std::uint64_t number, const void* data, std::size_t size) {
  std::array<unsigned char, 9> head{static_cast<unsigned char>(type)};
  for (std::size_t i = 1; i < head.size(); ++i, number >>= 8) head[i] = static_cast<unsigned char>(number);
  sum = crc32_z(sum, head.data(), head.size());
  return size == 0 ? sum : crc32_z(sum, static_cast<const Bytef*>(data), size);
}

void row_sum(sqlite3_context* context, int count, sqlite3_value** values) {
  uLong sum = crc32_z(0, nullptr, 0);
  for (int i = 0; i < count; ++i) {
    const int type = sqlite3_value_type(values[i]);
    if (type == SQLITE_INTEGER) {
      sum = add(sum, type, static_cast<std::uint64_t>(sqlite3_value_int64(values[i])), nullptr, 0);
    } else if (type == SQLITE_NULL) {
      sum = add(sum, type, 0, nullptr, 0);
    } else {
      const void* data = type == SQLITE_BLOB ? sqlite3_value_blob(values[i]) : sqlite3_value_text(values[i]);
      const auto size = static_cast<std::size_t>(sqlite3_value_bytes(values[i]));
      sum = add(sum, type, size, data, size);
    }
  }
  sqlite3_result_int64(context, static_cast<sqlite3_int64>(sum));
}

}  // namespace

void add_row_sum(sqlite3* to) {
  sqlite3_create_function_v2(to, "row_sum", -1, SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY,
                             nullptr, &row_sum, nullptr, nullptr, nullptr);
}

}  // namespace mortise::store_sqlite
