#include "pattern.hpp"

#include <utility>

namespace mortise::auth_file {

namespace {

// Walks over the levels of a topic or filter; "a//b" has three.
class Levels {
 public:
  explicit Levels(std::string_view text) : rest_{text} {}
  bool ended() const { return ended_; }
  std::string_view level() const { return rest_.substr(0, rest_.find('/')); }
  void next() {
    const std::size_t slash = rest_.find('/');
    ended_ = slash == rest_.npos;
    rest_.remove_prefix(ended_ ? rest_.size() : slash + 1);
  }
  // Whether all that is left is "#".
  bool at_hash() const { return !ended_ && rest_ == "#"; }

 private:
  std::string_view rest_;
  bool ended_ = false;
};

bool can_be_a_level(std::string_view name) {
  return !name.empty() && name.front() != '$' && name.find_first_of("+#/") == name.npos;
}

}  // namespace

std::optional<Pattern> Pattern::parse(std::string_view text, std::string& fault) {
  Pattern out;
  out.text_ = text;
  if (text.empty() || text.size() > 65535) {
    fault = text.empty() ? "a topic filter is not empty" : "a topic filter has at most 65535 bytes";
    return std::nullopt;
  }
  for (Levels levels{text}; !levels.ended(); levels.next()) {
    if (!out.levels_.empty() && out.levels_.back().kind == Level::Kind::hash) {
      fault = "# may only be the last level";
      return std::nullopt;
    }
    if (!parse_level(levels.level(), out.levels_.emplace_back(), fault)) return std::nullopt;
  }
  // "+/#" takes the same topics as "#", and only the latter is seen to cover "#".
  if (out.levels_.size() == 2 && out.levels_[0].kind == Level::Kind::plus && out.ends_in_hash(1))
    out.levels_.erase(out.levels_.begin());
  return out;
}

bool Pattern::parse_level(std::string_view text, Level& out, std::string& fault) {
  if (text == "+" || text == "#") {
    out.kind = text == "+" ? Level::Kind::plus : Level::Kind::hash;
    return true;
  }
  if (text.find_first_of("+#") != text.npos) {
    fault = "+ and # stand alone between slashes";
    return false;
  }
  out.pieces.emplace_back();
  while (!text.empty()) {
    const std::size_t percent = text.find('%');
    out.pieces.back().text += text.substr(0, percent);
    if (percent == text.npos) break;
    const char letter = percent + 1 < text.size() ? text[percent + 1] : '\0';
    if (letter == '%')
      out.pieces.back().text += '%';
    else if (letter == 'u' || letter == 'c') {
      out.kind = Level::Kind::named;
      out.pieces.push_back({letter == 'u' ? Piece::Kind::username : Piece::Kind::client_id, {}});
      out.pieces.emplace_back();
    } else {
      fault = "% stands before u (user name), c (client identifier) or % (itself)";
      return false;
    }
    text.remove_prefix(percent + 2);
  }
  return true;
}

bool Pattern::Level::is(std::string_view level, const Names& names) const {
  if (kind == Kind::literal) return level == pieces.front().text;
  if (!is_possible(names)) return false;
  for (const Piece& piece : pieces) {
    const std::string_view part = piece.kind == Piece::Kind::text       ? std::string_view{piece.text}
                                  : piece.kind == Piece::Kind::username ? names.username
                                                                        : names.client_id;
    if (!level.starts_with(part)) return false;
    level.remove_prefix(part.size());
  }
  return level.empty();
}

bool Pattern::Level::is_possible(const Names& names) const {
  for (const Piece& piece : pieces)
    if (piece.kind != Piece::Kind::text &&
        !can_be_a_level(piece.kind == Piece::Kind::username ? names.username : names.client_id))
      return false;
  return true;
}

bool Pattern::is_possible_from(std::size_t at, const Names& names) const {
  for (; at < levels_.size(); ++at)
    if (!levels_[at].is_possible(names)) return false;
  return true;
}

// Wildcards do not take topics that begin with $.  [MQTT-4.7.2-1]
bool Pattern::takes_first(std::string_view filter) const {
  return !(levels_.front().is_wildcard() && filter.starts_with('$'));
}

bool Pattern::matches(std::string_view topic, const Names& names) const {
  if (!takes_first(topic)) return false;
  Levels there{topic};
  for (std::size_t i = 0; i < levels_.size(); ++i, there.next()) {
    if (ends_in_hash(i)) return true;
    if (there.ended()) return false;
    if (levels_[i].kind != Level::Kind::plus && !levels_[i].is(there.level(), names)) return false;
  }
  return there.ended();
}

bool Pattern::covers(std::string_view filter, const Names& names) const {
  if (!takes_first(filter)) return false;
  Levels there{filter};
  for (std::size_t i = 0; i < levels_.size(); ++i, there.next()) {
    if (ends_in_hash(i)) return true;  // "a/#" takes "a", too, so a filter that has ended here is covered
    if (there.ended() || there.at_hash()) return false;
    if (levels_[i].kind == Level::Kind::plus) continue;
    if (there.level() == "+" || !levels_[i].is(there.level(), names)) return false;
  }
  return there.ended();
}

bool Pattern::overlaps(std::string_view filter, const Names& names) const {
  if (!takes_first(filter)) return false;
  Levels there{filter};
  for (std::size_t i = 0; i < levels_.size(); ++i, there.next()) {
    const bool named = !levels_[i].is_wildcard();
    const bool wild_there = !there.ended() && (there.level() == "+" || there.at_hash());
    // A wildcard of the filter takes no $ topic; a name that can stand for nothing takes no topic at all.
    if (i == 0 && named && wild_there && levels_[0].pieces.front().text.starts_with('$')) return false;
    if (there.at_hash()) return is_possible_from(i, names);
    if (ends_in_hash(i)) return true;
    if (there.ended()) return false;
    if (!named) continue;
    if (wild_there ? !levels_[i].is_possible(names) : !levels_[i].is(there.level(), names)) return false;
  }
  return there.ended() || there.at_hash();
}

}  // namespace mortise::auth_file
