#include "config/tree.hpp"

#include <algorithm>
#include <charconv>

#include "base/contract.hpp"

namespace mortise::config {

namespace {

// One token of a JSON pointer with ~1 and ~0 undone.
std::string unescaped(std::string_view token) {
  std::string out;
  for (std::size_t i = 0; i < token.size(); ++i) {
    const bool escape =
        token[i] == '~' && i + 1 < token.size() && (token[i + 1] == '0' || token[i + 1] == '1');
    out += escape ? (token[++i] == '1' ? '/' : '~') : token[i];
  }
  return out;
}

const Tree* child(const Tree& node, const std::string& token) {
  if (const Tree::Entry* entry = node.entry(token)) return &entry->value;
  std::size_t index = 0;
  const char* const end = token.data() + token.size();
  const auto [rest, fault] = std::from_chars(token.data(), end, index);
  const bool is_index = fault == std::errc{} && rest == end && (token.size() == 1 || token[0] != '0');
  return is_index && index < node.items().size() ? &node.items()[index] : nullptr;
}

}  // namespace

Tree::Tree() = default;
Tree::Tree(const Tree&) = default;
Tree::Tree(Tree&&) noexcept = default;
Tree& Tree::operator=(const Tree&) = default;
Tree& Tree::operator=(Tree&&) noexcept = default;
Tree::~Tree() = default;

Tree Tree::scalar(Kind kind, std::string text, Location where) {
  Tree tree;
  tree.kind_ = kind;
  tree.text_ = std::move(text);
  tree.where_ = std::move(where);
  MORTISE_EXPECT(tree.is_scalar());
  return tree;
}

Tree Tree::list(Location where) {
  Tree tree = scalar(Kind::null, "", std::move(where));
  tree.kind_ = Kind::list;
  return tree;
}

Tree Tree::map(Location where) {
  Tree tree = scalar(Kind::null, "", std::move(where));
  tree.kind_ = Kind::map;
  return tree;
}

std::span<const Tree> Tree::items() const { return items_; }

std::span<const Tree::Entry> Tree::entries() const { return entries_; }

const Tree::Entry* Tree::entry(std::string_view key) const {
  const auto found = std::ranges::find(entries_, key, &Entry::key);
  return found == entries_.end() ? nullptr : &*found;
}

Tree::Step Tree::follow(std::string_view pointer) const {
  const Tree* node = this;
  while (!pointer.empty()) {
    if (pointer.front() != '/') return {node, false};
    pointer.remove_prefix(1);
    const std::string_view token = pointer.substr(0, pointer.find('/'));
    const Tree* const next = child(*node, unescaped(token));
    if (next == nullptr) return {node, false};
    node = next;
    pointer.remove_prefix(token.size());
  }
  return {node, true};
}

const Tree* Tree::find(std::string_view pointer) const {
  const Step step = follow(pointer);
  return step.complete ? step.node : nullptr;
}

const Tree& Tree::nearest(std::string_view pointer) const { return *follow(pointer).node; }

std::string Tree::to_json() const {
  std::string out;
  write_json(out);
  return out;
}

void Tree::write_json(std::string& out) const {
  const char* separator = "";
  if (kind_ == Kind::list) {
    out += '[';
    for (const Tree& item : items_) {
      out += std::exchange(separator, ",");
      item.write_json(out);
    }
    out += ']';
  } else if (kind_ == Kind::map) {
    out += '{';
    for (const Entry& entry : entries_) {
      out += std::exchange(separator, ",");
      out += json_text(entry.key) + ':';
      entry.value.write_json(out);
    }
    out += '}';
  } else {
    out += kind_ == Kind::string ? json_text(text_) : text_;
  }
}

std::size_t Tree::node_count() const {
  std::size_t count = 1;
  for (const Tree& item : items_) count += item.node_count();
  for (const Entry& entry : entries_) count += entry.value.node_count();
  return count;
}

std::size_t Tree::depth() const {
  std::size_t below = 0;
  for (const Tree& item : items_) below = std::max(below, item.depth());
  for (const Entry& entry : entries_) below = std::max(below, entry.value.depth());
  return below + 1;
}

Tree& Tree::append(Tree value) {
  MORTISE_EXPECT(kind_ == Kind::list);
  return items_.emplace_back(std::move(value));
}

Tree& Tree::insert(std::string key, Location key_where, Tree value) {
  MORTISE_EXPECT(kind_ == Kind::map && entry(key) == nullptr);
  return entries_.emplace_back(Entry{std::move(key), std::move(key_where), std::move(value)}).value;
}

std::string json_text(std::string_view text) {
  constexpr std::string_view hex = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\')
      out += {'\\', c};
    else if (c == '\n')
      out += "\\n";
    else if (c == '\t')
      out += "\\t";
    else if (byte < 0x20)
      out += {'\\', 'u', '0', '0', hex[byte >> 4], hex[byte & 0xF]};
    else
      out += c;
  }
  return out + '"';
}

}  // namespace mortise::config
