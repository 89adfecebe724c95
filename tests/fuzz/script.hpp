// What attackers do to a broker, as an input of the target `broker`: a byte of settings, then the bytes that
// are sent, as they are. The mark 0xFE, which no text in UTF-8 holds, begins a command of two bytes; twice it
// is itself.
//
// A change in one place leaves the rest as it was, which is what a fuzzer needs to learn anything.
#pragma once

#include <cstdint>

namespace mortise::fuzz {

inline constexpr std::uint8_t mark = 0xFE;

enum class Command : std::uint8_t {
  first_connection = 0,  // what follows goes over this one; it is opened when there is something to send
  second_connection = 1,
  third_connection = 2,
  cut = 3,   // what stood before and what follows come in two reads
  open = 4,  // the connection is opened, and nothing is said yet
  drop = 5,  // the connection ends without a word
  wait_1_s = 6,
  wait_100_s = 7,
  exchange = 8,     // the healthy clients say something at each QoS
  connect_3_1 = 9,  // a CONNECT that is granted, so that a change of the input need not begin with one
  connect_3_1_1 = 10,
  connect_5_0 = 11,
  connect_kept = 12,  // 5.0, to a session that is kept for an hour, with a will
};

// Bits of the first byte.
enum Setting : std::uint8_t {
  two_loops = 1,
  stored = 2,
  with_plugin = 4,  // the transcripts' one: it authenticates, asks back and refuses
  narrow = 8,       // small limits
};

}  // namespace mortise::fuzz
