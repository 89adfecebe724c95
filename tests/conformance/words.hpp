// A line of a transcript as words: bare ones, "quoted ones", and where each stands.
//
// Owns: copies of the words.   Fails: with Unreadable, which names file, line and column.
#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace mortise::conformance {

struct Unreadable : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct Word {
  std::string text;
  bool quoted = false;
  std::size_t column = 1;
};

// Quoted words know \" \\ \n \xHH, and may be repeated: "ab"*3 is "ababab". '#' outside of quotes begins a
// comment where a word could begin.
class Words {
 public:
  Words(std::string file, int line, std::string_view text);

  bool done() const { return at_ == words_.size(); }
  // Whether the next word is bare and this one; takes it then.
  bool accept(std::string_view word);
  bool next_is_quoted() const { return !done() && words_[at_].quoted; }
  std::string_view peek() const { return done() ? std::string_view{} : words_[at_].text; }

  std::string bare(std::string_view what);
  std::string quoted(std::string_view what);
  std::uint32_t number(std::string_view what, std::uint32_t maximum);
  // Nothing may be left.
  void finish();

  [[noreturn]] void fail(std::string_view text) const;
  [[noreturn]] void fail_at_last(std::string_view text) const;

 private:
  [[noreturn]] void fail_in(std::size_t column, std::string_view text) const;
  Word take_quoted(std::string_view text, std::size_t& at) const;
  void repeat(std::string_view text, std::size_t& at, Word& word) const;

  std::string file_;
  int line_;
  std::vector<Word> words_;
  std::size_t at_ = 0;
  std::size_t end_column_;
};

// A byte as two hexadecimal digits.
std::optional<std::uint8_t> hex_byte(std::string_view text);

}  // namespace mortise::conformance
