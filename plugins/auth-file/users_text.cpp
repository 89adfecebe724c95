#include "users_text.hpp"

#include <algorithm>
#include <optional>
#include <string_view>

#include "users.hpp"

namespace mortise::auth_file {

namespace {

constexpr std::string_view word_characters =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.@";

// What an edit must leave as it was, and what it must change.
struct Entry {
  std::string name;
  std::string password;
  std::vector<std::string> groups;
  bool operator==(const Entry&) const = default;
};

std::string quoted(std::string_view text) {
  std::string out{'"'};
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

// A name as a YAML scalar that is read as the same text.
std::string scalar(const std::string& name) {
  const bool plain = name.find_first_not_of(word_characters) == name.npos && name.front() != '-' &&
                     name.front() != '.' && name.front() != '@' && name != "null" && name != "Null" &&
                     name != "NULL";
  return plain ? name : quoted(name);
}

std::string flow_list(const std::vector<std::string>& names) {
  std::string out{"["};
  for (const std::string& name : names) out += (out.size() > 1 ? ", " : "") + scalar(name);
  return out + "]";
}

// A parsed text, and the way from its nodes to their characters.
class Text {
 public:
  explicit Text(const std::string& text) : text_{text} {
    Mistakes mistakes;
    const auto root = YamlReader{"", mistakes}.parse(text);
    if (!root) throw EditFault{mistakes.front().to_text()};
    if (!root->IsNull() && !root->IsMap()) throw EditFault{"the file does not hold keys with values"};
    root_ = *root;
    lines_.push_back(0);
    for (std::size_t at = 0; (at = text.find('\n', at)) != text.npos;) lines_.push_back(++at);
  }

  const std::string& text() const { return text_; }
  YAML::Node root() const { return root_; }

  YAML::Node users() const {
    if (!root_.IsMap()) return YAML::Node{YAML::NodeType::Undefined};
    return const_find(root_, "users");
  }
  std::optional<YAML::Node> find(const std::string& user) const {
    const YAML::Node list = users();
    if (!list.IsDefined() || !list.IsSequence()) return std::nullopt;
    for (const auto& each : list)
      if (each.IsMap() && const_find(each, "name").IsDefined() && const_find(each, "name").IsScalar() &&
          const_find(each, "name").Scalar() == user)
        return each;
    return std::nullopt;
  }

  // The value or the key node itself under `key`, without making one.
  static YAML::Node const_find(const YAML::Node& map, std::string_view key) {
    for (const auto& entry : map)
      if (entry.first.IsScalar() && entry.first.Scalar() == key) return entry.second;
    return YAML::Node{YAML::NodeType::Undefined};
  }
  static YAML::Node key_node(const YAML::Node& map, std::string_view key) {
    for (const auto& entry : map)
      if (entry.first.IsScalar() && entry.first.Scalar() == key) return entry.first;
    return YAML::Node{YAML::NodeType::Undefined};
  }

  std::size_t offset(const YAML::Node& node) const {
    const YAML::Mark mark = node.Mark();
    if (mark.is_null() || static_cast<std::size_t>(mark.line) >= lines_.size())
      throw EditFault{"the file is laid out in a way this command does not change; edit it by hand"};
    return std::min(line_start(node) + static_cast<std::size_t>(mark.column), text_.size());
  }
  std::size_t line_start(const YAML::Node& node) const {
    return lines_[static_cast<std::size_t>(node.Mark().line)];
  }
  std::size_t column(const YAML::Node& node) const { return static_cast<std::size_t>(node.Mark().column); }
  bool begins_with(const YAML::Node& node, char c) const {
    const std::size_t at = offset(node);
    return at < text_.size() && text_[at] == c;
  }

  // Behind the last character of a scalar on one line.
  std::size_t scalar_end(std::size_t at) const {
    if (at < text_.size() && (text_[at] == '"' || text_[at] == '\'')) return quote_end(at);
    const std::size_t line_end = std::min(text_.find('\n', at), text_.size());
    std::size_t end = at;
    for (; end < line_end; ++end) {
      const char c = text_[end];
      if (c == ',' || c == '}' || c == ']' || (c == '#' && end > at && text_[end - 1] == ' ')) break;
      if (c == ':' && (end + 1 == line_end || text_[end + 1] == ' ')) break;
    }
    while (end > at && (text_[end - 1] == ' ' || text_[end - 1] == '\t' || text_[end - 1] == '\r')) --end;
    return end;
  }

  // Behind the bracket or brace that closes the one at `at`.
  std::size_t flow_end(std::size_t at) const {
    int depth = 0;
    for (std::size_t i = at; i < text_.size(); ++i) {
      const char c = text_[i];
      const bool comment = c == '#' && i > 0 && (text_[i - 1] == ' ' || text_[i - 1] == '\n');
      if (comment)
        i = std::min(text_.find('\n', i), text_.size() - 1);
      else if (c == '"' || c == '\'')
        i = quote_end(i) - 1;
      else if (c == '[' || c == '{')
        ++depth;
      else if ((c == ']' || c == '}') && --depth == 0)
        return i + 1;
    }
    throw EditFault{"a bracket is not closed"};
  }

  std::size_t line_end(std::size_t at) const { return std::min(text_.find('\n', at), text_.size()); }

  // Behind the last line that belongs to a block entry whose dash is in the column `dash`: what follows it
  // further in. Comments and empty lines behind the last of them belong to nobody.
  std::size_t block_end(std::size_t line, std::size_t dash) const {
    std::size_t end = next_line(line);
    for (std::size_t at = end; at < text_.size(); at = next_line(at)) {
      const std::size_t first = text_.find_first_not_of(" \t\r", at);
      if (first == text_.npos || text_[first] == '\n' || text_[first] == '#') continue;
      if (first - at <= dash) break;
      end = next_line(at);
    }
    return end;
  }
  std::size_t next_line(std::size_t at) const { return std::min(line_end(at) + 1, text_.size()); }

 private:
  std::size_t quote_end(std::size_t at) const {
    const char quote = text_[at];
    for (std::size_t i = at + 1; i < text_.size(); ++i) {
      if (quote == '"' && text_[i] == '\\')
        ++i;
      else if (text_[i] == quote && quote == '\'' && i + 1 < text_.size() && text_[i + 1] == quote)
        ++i;
      else if (text_[i] == quote)
        return i + 1;
    }
    throw EditFault{"a quote is not closed"};
  }

  std::string text_;
  YAML::Node root_;
  std::vector<std::size_t> lines_;
};

std::vector<std::string> texts_of(const YAML::Node& list) {
  std::vector<std::string> out;
  if (list.IsDefined() && list.IsSequence())
    for (const auto& each : list) out.push_back(each.IsScalar() ? each.Scalar() : "");
  return out;
}

std::vector<Entry> entries_of(const std::string& text) {
  std::vector<Entry> out;
  const Text parsed{text};
  const YAML::Node users = parsed.users();
  if (!users.IsDefined() || !users.IsSequence()) return out;
  for (const auto& each : users) {
    Entry& entry = out.emplace_back();
    if (!each.IsMap()) continue;
    const auto text_at = [&](std::string_view key) {
      const YAML::Node node = Text::const_find(each, key);
      return node.IsDefined() && node.IsScalar() ? node.Scalar() : std::string{};
    };
    entry = {text_at("name"), text_at("password"), texts_of(Text::const_find(each, "groups"))};
  }
  return out;
}

// Puts `value` behind the key `key` of a user's map; made after the key `after` if it is not there.
std::string put(const std::string& text, const std::string& user, std::string_view key,
                const std::string& value, std::string_view after) {
  const Text parsed{text};
  const YAML::Node map = *parsed.find(user);
  const YAML::Node there = Text::const_find(map, key);
  std::string out = text;
  if (there.IsDefined() && !there.IsNull()) {
    const std::size_t at = parsed.offset(there);
    const std::size_t end = there.IsScalar() ? parsed.scalar_end(at) : parsed.flow_end(at);
    return out.replace(at, end - at, value);
  }
  if (there.IsDefined()) {
    const std::size_t colon = out.find(':', parsed.offset(Text::key_node(map, key)));
    return out.insert(colon + 1, " " + value);
  }
  const YAML::Node previous = Text::const_find(map, after);
  const std::string pair = std::string{key} + ": " + value;
  const std::size_t end = parsed.scalar_end(parsed.offset(previous));
  if (parsed.begins_with(map, '{')) return out.insert(end, ", " + pair);
  const std::string indent(parsed.column(map), ' ');
  const std::size_t line_end = parsed.line_end(end);
  const std::string line = indent + pair + "\n";
  return line_end == out.size() ? out + "\n" + line : out.insert(line_end + 1, line);
}

std::string put_groups(const std::string& text, const std::string& user,
                       const std::vector<std::string>& groups) {
  const Text parsed{text};
  const YAML::Node there = Text::const_find(*parsed.find(user), "groups");
  std::vector<std::string> all = texts_of(there);
  const std::vector<std::string> before = all;
  for (const std::string& group : groups)
    if (std::ranges::find(all, group) == all.end()) all.push_back(group);
  if (all == before) return text;
  if (!there.IsDefined() || !there.IsSequence() || parsed.begins_with(there, '['))
    return put(text, user, "groups", flow_list(all), "password");
  std::string lines;
  for (std::size_t i = before.size(); i < all.size(); ++i)
    lines += std::string(parsed.column(there), ' ') + "- " + scalar(all[i]) + "\n";
  const YAML::Node last = there[there.size() - 1];
  std::string out = text;
  const std::size_t at = parsed.next_line(parsed.line_start(last));
  return at == out.size() && !out.ends_with('\n') ? out + "\n" + lines : out.insert(at, lines);
}

std::string block_entry(std::size_t column, const Entry& entry) {
  const std::string indent(column, ' ');
  std::string out = indent + "- name: " + scalar(entry.name) + "\n" + indent +
                    "  password: " + quoted(entry.password) + "\n";
  if (!entry.groups.empty()) out += indent + "  groups: " + flow_list(entry.groups) + "\n";
  return out;
}

std::string add(const std::string& text, const Entry& entry) {
  const Text parsed{text.empty() || text.ends_with('\n') ? text : text + '\n'};
  const YAML::Node users = parsed.users();
  std::string out = parsed.text();
  if (!users.IsDefined()) return out + "users:\n" + block_entry(2, entry);
  if (users.IsNull()) {
    const std::size_t line = parsed.next_line(parsed.line_start(Text::key_node(parsed.root(), "users")));
    return out.insert(std::min(line, out.size()), block_entry(2, entry));
  }
  if (!users.IsSequence()) throw EditFault{"users is not a list"};
  const std::size_t at = parsed.offset(users);
  if (parsed.begins_with(users, '[') && users.size() == 0) {
    const std::size_t end = parsed.flow_end(at);
    const std::size_t begin = out.find_last_not_of(' ', at - 1) + 1;
    const std::size_t line = std::min(parsed.next_line(end), out.size());
    out.insert(line, block_entry(2, entry));
    return out.erase(begin, end - begin);
  }
  if (parsed.begins_with(users, '[')) {
    std::string item = "{name: " + scalar(entry.name) + ", password: " + quoted(entry.password);
    if (!entry.groups.empty()) item += ", groups: " + flow_list(entry.groups);
    return out.insert(at + 1, item + "}, ");
  }
  const std::size_t dash = parsed.column(users);
  const std::size_t end = parsed.block_end(parsed.line_start(users[users.size() - 1]), dash);
  return out.insert(std::min(end, out.size()), block_entry(dash, entry));
}

std::string remove(const std::string& text, const YAML::Node& map, const Text& parsed) {
  const YAML::Node users = parsed.users();
  std::string out = text;
  if (!parsed.begins_with(users, '[')) {
    const std::size_t line = parsed.line_start(map);
    return out.erase(line, parsed.block_end(line, parsed.column(users)) - line);
  }
  std::size_t begin = parsed.offset(map);
  std::size_t end = parsed.flow_end(begin);
  const std::size_t behind = out.find_first_not_of(" \n\r\t", end);
  if (behind != out.npos && out[behind] == ',')
    end = std::min(out.find_first_not_of(" ", behind + 1), out.size());
  else if (const std::size_t before = out.find_last_not_of(" \n\r\t", begin - 1); out[before] == ',')
    begin = before;
  return out.erase(begin, end - begin);
}

void expect(const std::string& text, const std::vector<Entry>& entries) {
  if (entries_of(text) != entries)
    throw EditFault{"the file is laid out in a way this command does not change; edit it by hand"};
}

}  // namespace

Edited with_password(const std::string& text, const std::string& user, const std::string& hash,
                     const std::vector<std::string>& groups) {
  std::vector<Entry> wanted = entries_of(text);
  const auto entry = std::ranges::find(wanted, user, &Entry::name);
  Edited out;
  if (entry == wanted.end()) {
    const Entry fresh{user, hash, groups};
    out = {add(text, fresh), true};
    // A list in brackets grows at its begin.
    const bool front = wanted.size() > 0 && entries_of(out.text).front() == fresh;
    wanted.insert(front ? wanted.begin() : wanted.end(), fresh);
  } else {
    entry->password = hash;
    for (const std::string& group : groups)
      if (std::ranges::find(entry->groups, group) == entry->groups.end()) entry->groups.push_back(group);
    out = {put_groups(put(text, user, "password", quoted(hash), "name"), user, groups), false};
  }
  expect(out.text, wanted);
  return out;
}

std::string without_user(const std::string& text, const std::string& user) {
  const Text parsed{text};
  const auto map = parsed.find(user);
  if (!map) throw NoSuchUser{"there is no user \"" + user + "\""};
  std::vector<Entry> wanted = entries_of(text);
  wanted.erase(std::ranges::find(wanted, user, &Entry::name));
  std::string out = remove(text, *map, parsed);
  expect(out, wanted);
  return out;
}

}  // namespace mortise::auth_file
