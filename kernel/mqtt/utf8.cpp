#include "mqtt/utf8.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace mortise::mqtt {
namespace {

constexpr std::uint64_t ones = 0x0101010101010101;
constexpr std::uint64_t tops = 0x8080808080808080;

std::uint64_t load_word(const char* from) {
  std::uint64_t word;
  std::memcpy(&word, from, sizeof word);
  return word;
}

// A byte 0x01 to 0x7F keeps its top bit clear when one is taken off; 0x00 borrows, others have it set
// already.
bool is_plain(std::uint64_t word) { return ((word | (word - ones)) & tops) == 0; }

// What may follow a lead byte. The bounds of the second byte are what keeps out overlong forms, surrogates
// and code points above U+10FFFF.
struct Sequence {
  std::size_t size = 0;  // 0: no character begins so
  std::uint8_t second_from = 0x80;
  std::uint8_t second_to = 0xBF;
};

Sequence sequence_of(std::uint8_t lead) {
  if (lead >= 0x01 && lead <= 0x7F) return {1};
  if (lead >= 0xC2 && lead <= 0xDF) return {2};
  if (lead == 0xE0) return {3, 0xA0, 0xBF};
  if (lead == 0xED) return {3, 0x80, 0x9F};
  if (lead >= 0xE1 && lead <= 0xEF) return {3};
  if (lead == 0xF0) return {4, 0x90, 0xBF};
  if (lead >= 0xF1 && lead <= 0xF3) return {4};
  if (lead == 0xF4) return {4, 0x80, 0x8F};
  return {};
}

// The size of the character in front, 0 when it is none.
std::size_t character_size(const char* at, std::size_t left) {
  const auto byte = [at](std::size_t i) { return static_cast<std::uint8_t>(at[i]); };
  const Sequence sequence = sequence_of(byte(0));
  if (sequence.size > left) return 0;
  if (sequence.size >= 2 && (byte(1) < sequence.second_from || byte(1) > sequence.second_to)) return 0;
  for (std::size_t i = 2; i < sequence.size; ++i)
    if ((byte(i) & 0xC0) != 0x80) return 0;
  return sequence.size;
}

}  // namespace

bool is_utf8(std::string_view text) {
  constexpr std::size_t step = sizeof(std::uint64_t);
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at != end) {
    const auto left = static_cast<std::size_t>(end - at);
    if (left >= step && is_plain(load_word(at))) {
      at += step;
      continue;
    }
    // The last word of the text may begin before `at`, where all is well already.
    if (left < step && text.size() >= step && is_plain(load_word(end - step))) return true;
    const std::size_t size = character_size(at, left);
    if (size == 0) return false;
    at += size;
  }
  return true;
}

bool is_utf8_payload(std::string_view text) {
  for (;;) {
    const std::size_t zero = text.find('\0');
    if (!is_utf8(text.substr(0, zero))) return false;
    if (zero == std::string_view::npos) return true;
    text.remove_prefix(zero + 1);
  }
}

}  // namespace mortise::mqtt
