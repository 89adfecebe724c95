// The topics of a rule: a topic filter that may hold %u (the client's user name) and %c (its identifier).
//
// Thread: any; unchanged once read.   Cost: one pass over the topic, no allocation.
// Source: MQTT 5.0 §4.7 (wildcards, topics that begin with $).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mortise::auth_file {

// Whose %u and %c. A name that is empty, begins with $ or holds + # / stands for nothing: a pattern with it
// matches no topic, so that nobody can name himself into the topics of others.
struct Names {
  std::string_view username;
  std::string_view client_id;
};

class Pattern {
 public:
  // Empty, with the reason in `fault`, if `text` is no topic filter or holds a % with another letter; %% is
  // one.
  static std::optional<Pattern> parse(std::string_view text, std::string& fault);

  // As written.
  const std::string& text() const { return text_; }

  // Whether a topic name is one of these topics.
  bool matches(std::string_view topic, const Names& names) const;
  // Whether every topic `filter` matches is one of these.
  bool covers(std::string_view filter, const Names& names) const;
  // Whether some topic `filter` matches is one of these.
  bool overlaps(std::string_view filter, const Names& names) const;

 private:
  struct Piece {
    enum class Kind : unsigned char { text, username, client_id } kind = Kind::text;
    std::string text;
  };
  struct Level {
    enum class Kind : unsigned char { literal, named, plus, hash } kind = Kind::literal;
    std::vector<Piece> pieces;  // literal: exactly one

    bool is_wildcard() const { return kind == Kind::plus || kind == Kind::hash; }
    bool is(std::string_view level, const Names& names) const;
    // Whether there is any level it could be.
    bool is_possible(const Names& names) const;
  };

  static bool parse_level(std::string_view text, Level& out, std::string& fault);
  bool ends_in_hash(std::size_t at) const {
    return at + 1 == levels_.size() && levels_[at].kind == Level::Kind::hash;
  }
  bool takes_first(std::string_view filter) const;
  bool is_possible_from(std::size_t at, const Names& names) const;

  std::string text_;
  std::vector<Level> levels_;
};

}  // namespace mortise::auth_file
