// What every fuzz target has: its entry, promises, the pieces an input is cut into.
//
// Fails: a promise that is not kept says so and stops the process, which is what libFuzzer looks for.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// One input. The same bytes give the same run: a target has no clock and no chance but what it takes from
// them.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace mortise::fuzz {

using Bytes = std::span<const std::uint8_t>;

inline void promise(bool kept, std::string_view sentence) {
  if (kept) return;
  std::fprintf(stderr, "broken promise: %.*s\n", static_cast<int>(sentence.size()), sentence.data());
  std::abort();
}

inline std::string_view text_of(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// A number that any change of the input changes (FNV-1a), so that no input can hold what is made of it.
inline std::uint64_t digest(Bytes input) {
  std::uint64_t value = 14'695'981'039'346'656'037U;
  for (const std::uint8_t byte : input) value = (value ^ byte) * 1'099'511'628'211U;
  return value;
}

// Bytes at the very size of their allocation, so that a sanitizer sees every step too far.
inline std::vector<std::uint8_t> exact(Bytes bytes) { return {bytes.begin(), bytes.end()}; }

// The input in pieces: whole, byte by byte, and two ways that only the input decides. None of them is empty.
inline std::vector<std::vector<Bytes>> every_split(Bytes input) {
  std::vector<std::vector<Bytes>> splits(4);
  if (!input.empty()) splits[0].push_back(input);
  for (std::size_t i = 0; i < input.size(); ++i) splits[1].push_back(input.subspan(i, 1));
  std::uint64_t chance = digest(input);
  for (const std::size_t longest : {5U, 100U}) {
    std::vector<Bytes>& pieces = splits[longest == 5 ? 2 : 3];
    for (Bytes rest = input; !rest.empty();) {
      chance = chance * 6'364'136'223'846'793'005U + 1'442'695'040'888'963'407U;
      const std::size_t size = std::min<std::size_t>(rest.size(), 1 + (chance >> 33) % longest);
      pieces.push_back(rest.first(size));
      rest = rest.subspan(size);
    }
  }
  return splits;
}

}  // namespace mortise::fuzz
