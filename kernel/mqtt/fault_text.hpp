// The sentences of Malformed::what, put together from a field's name when compiling.
//
// Owns: static text.
#pragma once

#include <cstddef>

namespace mortise::mqtt {

// Text that can be a template argument.
template <std::size_t Size>
struct Text {
  char chars[Size]{};
  constexpr Text() = default;
  constexpr Text(const char (&text)[Size]) {
    for (std::size_t i = 0; i < Size; ++i) chars[i] = text[i];
  }
};

template <std::size_t A, std::size_t B>
consteval Text<A + B - 1> operator+(const Text<A>& a, const Text<B>& b) {
  Text<A + B - 1> joined;
  for (std::size_t i = 0; i + 1 < A; ++i) joined.chars[i] = a.chars[i];
  for (std::size_t i = 0; i < B; ++i) joined.chars[A - 1 + i] = b.chars[i];
  return joined;
}

template <Text Sentence>
inline constexpr const char* stored = Sentence.chars;

// What can be wrong with a field of any packet.
struct FieldTexts {
  const char* cut_short;
  const char* not_utf8;
  const char* not_variable;
};

template <Text Name>
inline constexpr FieldTexts field{
    stored<Text{"the "} + Name + Text{" is cut short"}>,
    stored<Text{"the "} + Name + Text{" is not well-formed UTF-8"}>,
    stored<Text{"the "} + Name + Text{" is not a variable byte integer in its shortest form"}>,
};

// What more can be wrong with a property.
struct PropertyTexts {
  FieldTexts field;
  const char* misplaced;
  const char* repeated;
  const char* out_of_range;
  const char* not_a_topic_name;
};

template <Text Name>
inline constexpr PropertyTexts property_texts{
    field<Name>,
    stored<Text{"the "} + Name + Text{" is not a property of this packet"}>,
    stored<Text{"the "} + Name + Text{" is there more than once"}>,
    stored<Text{"the "} + Name + Text{" is out of range"}>,
    stored<Text{"the "} + Name + Text{" is not a topic name"}>,
};

}  // namespace mortise::mqtt
