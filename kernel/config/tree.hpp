// A small tree of values that remembers where each was written: what YAML becomes before it has a type.
//
// Thread: one at a time; const calls from any.   Owns: everything below it.
// Cost: look-ups are linear in the keys of one map, in the order of the file.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/finding.hpp"

namespace mortise::config {

class Tree {
 public:
  enum class Kind { null, boolean, integer, real, string, list, map };

  // One key of a map. Defined below, because it holds a Tree.
  struct Entry;

  // Null, at no place.
  Tree();
  // `text` is what was written, after expansion; for null, boolean, integer and real it is valid JSON.
  static Tree scalar(Kind kind, std::string text, Location where);
  static Tree list(Location where);
  static Tree map(Location where);

  Tree(const Tree&);
  Tree(Tree&&) noexcept;
  Tree& operator=(const Tree&);
  Tree& operator=(Tree&&) noexcept;
  ~Tree();

  Kind kind() const { return kind_; }
  bool is_scalar() const { return kind_ != Kind::list && kind_ != Kind::map; }
  const Location& where() const { return where_; }

  // The text of a scalar, so that 30s can be read as a duration and 5.0 as a version; empty for lists and
  // maps.
  const std::string& text() const { return text_; }

  // The elements of a list; none for every other kind.
  std::span<const Tree> items() const;
  // The keys of a map in the order of the file; none for every other kind.
  std::span<const Entry> entries() const;
  // Null when this is no map or has no such key. Points into this tree.
  const Entry* entry(std::string_view key) const;

  // What a JSON pointer (RFC 6901) such as "/sinks/0/path" leads to; "" is this node. Null when nothing is
  // there.
  const Tree* find(std::string_view pointer) const;
  // The deepest node on the way a pointer describes, for a finding about something that is missing.
  const Tree& nearest(std::string_view pointer) const;

  // The same values as JSON on one line. Numbers keep their digits; texts are escaped, not checked for UTF-8.
  std::string to_json() const;

  // How many nodes there are, this one included, and how many floors deep.
  std::size_t node_count() const;
  std::size_t depth() const;

  // This must be a list. The new element.
  Tree& append(Tree value);
  // This must be a map without that key.
  Tree& insert(std::string key, Location key_where, Tree value);

 private:
  struct Step {
    const Tree* node;
    bool complete;
  };
  Step follow(std::string_view pointer) const;
  void write_json(std::string& out) const;

  Kind kind_ = Kind::null;
  std::string text_ = "null";
  Location where_;
  std::vector<Tree> items_;
  std::vector<Entry> entries_;
};

struct Tree::Entry {
  std::string key;
  Location key_where;
  Tree value;
};

// The text in quotation marks, escaped as JSON wants it.
std::string json_text(std::string_view text);

}  // namespace mortise::config
