// What a setting may hold, beyond its C++ type: limits, and how it is written.
//
// A row of settings.hpp names a field, a rule of this file and a sentence. The reader and the schema each
// know every rule; nobody else says what is allowed.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/time.hpp"

namespace mortise::config {

// A whole number. `word`, when given, is what stands for an empty std::optional, such as auto or unlimited.
struct Count {
  std::int64_t lowest, highest;
  std::string_view word{};
};

// Bytes: 2MiB.
struct Size {
  std::uint64_t lowest, highest;
  std::string_view word{};
};

// A length of time: 30s. MQTT counts some in whole seconds; those are a multiple of `step`.
struct Period {
  base::Duration lowest, highest;
  std::string_view word{};
  base::Duration step = std::chrono::milliseconds{1};
};

// true or false.
struct Flag {};

// One of an enumeration's names; names_of(E) lists them in the order of the enumerators.
struct Choice {};

// Letters, digits, '-', '_' and '.', 1 to 64 of them: what may become part of a metric or a log line.
struct Name {};

// Any text but the empty one.
struct Text {};

// A path; a relative one starts at the folder of the file.
struct Path {};

// A plugin's library: a bare name is looked for in the plugin path, anything with a '/' is a path.
struct Library {};

// Address and port.
struct Address {};

enum class Empty { allowed, refused };

// A list whose elements all follow one rule. The same scalar twice is refused.
template <class Each>
struct List {
  Each each;
  Empty empty;
};

// A map with the rows of a struct of settings.hpp.
struct Section {};

// Whatever it is, it is handed on as it stands.
struct Subtree {};

}  // namespace mortise::config
