// One filter, its input in two pieces, and all that came of it.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "net/filter.hpp"

namespace mortise::net {

struct Played {
  std::string up, down, wrong, address, identity, cipher;
  bool ended = false;
  friend bool operator==(const Played&, const Played&) = default;
};
inline std::ostream& operator<<(std::ostream& out, const Played& played) {
  return out << "up \"" << played.up << "\" down \"" << played.down << "\" wrong \"" << played.wrong
             << "\" address " << played.address << " identity " << played.identity << " cipher "
             << played.cipher << (played.ended ? " ended" : "");
}

inline mqtt::Bytes bytes_in(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string text_in(mqtt::Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// A row as its name and, in hexadecimal, the bytes it is about: for people who look at a failure, and for
// tests/fuzz, which takes its seeds from it.
inline void print_row(std::string_view name, std::string_view bytes, std::ostream& out) {
  constexpr std::string_view digits = "0123456789abcdef";
  out << name;
  for (const std::uint8_t byte : bytes_in(bytes)) out << ' ' << digits[byte >> 4] << digits[byte & 15];
}

inline Played played(Filter& filter, const std::vector<std::string_view>& pieces) {
  Played outcome;
  mqtt::Buffer up, down;
  bool over = false;
  for (const std::string_view piece : pieces) {
    if (piece.empty() || outcome.ended || !outcome.wrong.empty()) continue;
    if (over) {
      up.insert(up.end(), piece.begin(), piece.end());
      continue;
    }
    const auto progress = filter.take(bytes_in(piece), up, down);
    if (!progress || *progress != Filter::Progress::goes_on) {
      outcome.address = filter.introduction().address;
      outcome.identity = filter.introduction().identity;
      outcome.cipher = filter.introduction().cipher;
    }
    if (!progress) {
      outcome.wrong = progress.error();
      continue;
    }
    outcome.ended = *progress == Filter::Progress::ended;
    over = *progress == Filter::Progress::is_over;
  }
  outcome.up = text_in(up);
  outcome.down = text_in(down);
  return outcome;
}

// The outcome, which is the same for every split into two pieces, and byte by byte.
inline Played played_every_way(const std::function<std::unique_ptr<Filter>()>& make, std::string_view input) {
  const auto whole_filter = make();
  const Played whole = played(*whole_filter, {input});
  for (std::size_t cut = 1; cut < input.size(); ++cut) {
    const auto filter = make();
    EXPECT_EQ(played(*filter, {input.substr(0, cut), input.substr(cut)}), whole) << "cut at " << cut;
  }
  std::vector<std::string_view> bytes;
  for (std::size_t i = 0; i < input.size(); ++i) bytes.push_back(input.substr(i, 1));
  const auto bytewise = make();
  EXPECT_EQ(played(*bytewise, bytes), whole) << "byte by byte";
  return whole;
}

}  // namespace mortise::net
