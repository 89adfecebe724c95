// A message as its columns have it, wherever the row lies.
#pragma once

#include "database.hpp"
#include "mortise/abi/view.h"

namespace mortise::store_sqlite {

// In the order that body_of() reads.
inline constexpr const char* body_columns =
    "topic, payload, properties, message_qos, retain, publisher, username, received_ms";

// The body in the row `row` stands on, from column `first` on; valid until it moves.
inline mortise_message_view_t body_of(const Statement& row, int first) {
  mortise_message_view_t out{};
  out.size = sizeof out;
  out.expiry_s = MORTISE_NO_EXPIRY;
  out.topic = row.text(first);
  out.payload = row.bytes(first + 1);
  out.properties = row.bytes(first + 2);
  out.qos = static_cast<std::uint8_t>(row.number(first + 3));
  out.retain = static_cast<std::uint8_t>(row.number(first + 4));
  out.publisher = row.text(first + 5);
  out.username = row.text(first + 6);
  out.received_unix_ms = row.number(first + 7);
  return out;
}

}  // namespace mortise::store_sqlite
