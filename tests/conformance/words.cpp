#include "words.hpp"

#include <charconv>

namespace mortise::conformance {

std::optional<std::uint8_t> hex_byte(std::string_view text) {
  unsigned value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  if (text.size() != 2 || read.ec != std::errc{} || read.ptr != text.data() + 2) return {};
  return static_cast<std::uint8_t>(value);
}

Words::Words(std::string file, int line, std::string_view text)
    : file_{std::move(file)}, line_{line}, end_column_{text.size() + 1} {
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] == ' ') {
      ++at;
    } else if (text[at] == '#') {
      return;
    } else if (text[at] == '"') {
      words_.push_back(take_quoted(text, at));
    } else {
      const std::size_t end = std::min(text.find(' ', at), text.size());
      words_.push_back({std::string{text.substr(at, end - at)}, false, at + 1});
      at = end;
    }
  }
}

Word Words::take_quoted(std::string_view text, std::size_t& at) const {
  Word word{{}, true, at + 1};
  for (++at; at < text.size() && text[at] != '"'; ++at) {
    if (text[at] != '\\') {
      word.text += text[at];
      continue;
    }
    ++at;
    const char escape = at < text.size() ? text[at] : ' ';
    if (escape == '"' || escape == '\\') {
      word.text += escape;
    } else if (escape == 'n') {
      word.text += '\n';
    } else if (escape == 'x' && hex_byte(text.substr(std::min(at + 1, text.size()), 2))) {
      word.text += static_cast<char>(*hex_byte(text.substr(at + 1, 2)));
      at += 2;
    } else {
      fail_in(at, "an escape is one of \\\" \\\\ \\n \\xHH");
    }
  }
  if (at >= text.size()) fail_in(word.column, "a quoted word without its end");
  ++at;
  repeat(text, at, word);
  return word;
}

void Words::repeat(std::string_view text, std::size_t& at, Word& word) const {
  if (at >= text.size() || text[at] != '*') {
    if (at < text.size() && text[at] != ' ') fail_in(at + 1, "a space has to follow a quoted word");
    return;
  }
  unsigned times = 0;
  const auto read = std::from_chars(text.data() + at + 1, text.data() + text.size(), times);
  if (read.ec != std::errc{} || times > 1'000'000) fail_in(at + 1, "after * comes how many times");
  at = static_cast<std::size_t>(read.ptr - text.data());
  const std::string once = std::move(word.text);
  word.text.clear();
  for (unsigned i = 0; i < times; ++i) word.text += once;
}

bool Words::accept(std::string_view word) {
  if (done() || words_[at_].quoted || words_[at_].text != word) return false;
  ++at_;
  return true;
}

std::string Words::bare(std::string_view what) {
  if (done() || words_[at_].quoted) fail("here stands " + std::string{what});
  return words_[at_++].text;
}

std::string Words::quoted(std::string_view what) {
  if (done() || !words_[at_].quoted) fail("here stands " + std::string{what} + " in quotes");
  return words_[at_++].text;
}

std::uint32_t Words::number(std::string_view what, std::uint32_t maximum) {
  const std::string_view text = peek();
  std::uint32_t value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = !text.empty() && read.ec == std::errc{} && read.ptr == text.data() + text.size();
  if (!whole || words_[at_].quoted || value > maximum)
    fail("here stands " + std::string{what} + ", a number up to " + std::to_string(maximum));
  ++at_;
  return value;
}

void Words::finish() {
  if (!done()) fail("\"" + std::string{peek()} + "\" says nothing here");
}

void Words::fail(std::string_view text) const { fail_in(done() ? end_column_ : words_[at_].column, text); }

void Words::fail_at_last(std::string_view text) const {
  fail_in(at_ == 0 ? 1 : words_[at_ - 1].column, text);
}

void Words::fail_in(std::size_t column, std::string_view text) const {
  throw Unreadable{file_ + ":" + std::to_string(line_) + ":" + std::to_string(column) + "  " +
                   std::string{text}};
}

}  // namespace mortise::conformance
