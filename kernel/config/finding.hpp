// What is wrong with a file the operator wrote: where, what, and what to do about it.
//
// Thread: any.   Owns: its texts.   Fails: never.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mortise::config {

// A place in a file, as an editor counts: lines and characters from 1. Line 0 means the file as a whole.
struct Location {
  std::string file;  // as the operator named it
  int line = 0;
  int column = 0;

  // "mortise.yaml:7:5", or only the file's name when there is no line.
  std::string to_text() const;
  friend bool operator==(const Location&, const Location&) = default;
};

// A value and where the operator wrote it, for findings that only a later room can make.
template <class T>
struct Located {
  T value{};
  Location where;
};

enum class Severity { warning, error };

struct Finding {
  Severity severity = Severity::error;
  Location where;
  std::string key;   // the way to the key from the top of the file: "kernel/limits/packet_size"; may be empty
  std::string text;  // what is wrong
  std::string remedy;  // what to do; may be empty

  // One line: "mortise.yaml:12:11  listeners/0/bind: port 99999 is not between 1 and 65535". The key is left
  // out where the text already names it, as in: unknown key "paket_size", did you mean "packet_size"?
  std::string to_text() const;
};

// Whether anything among them must stop the start; warnings do not.
bool has_errors(const std::vector<Finding>& findings);

// In the order of the file, findings of one place in the order they were made.
void sort_by_place(std::vector<Finding>& findings);

// A refusal that does not know its place yet: of a value's text, by units.hpp, expand.hpp and bind.hpp.
struct Refusal {
  std::string text;
  std::string remedy;
};

// The text between quotation marks; long ones are cut, control characters become '?'.
std::string in_quotes(std::string_view text);

}  // namespace mortise::config
