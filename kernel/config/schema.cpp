#include "config/schema.hpp"

#include <optional>
#include <type_traits>

#include "config/settings.hpp"

namespace mortise::config {

namespace {

Tree text(std::string_view value) { return Tree::scalar(Tree::Kind::string, std::string{value}, {}); }
Tree number(std::int64_t value) { return Tree::scalar(Tree::Kind::integer, std::to_string(value), {}); }
Tree flag(bool value) { return Tree::scalar(Tree::Kind::boolean, value ? "true" : "false", {}); }

struct Member {
  std::string_view key;
  Tree value;
};

Tree object(std::initializer_list<Member> members) {
  Tree tree = Tree::map({});
  for (const Member& member : members) tree.insert(std::string{member.key}, {}, member.value);
  return tree;
}

// The alternatives, the rule's word among them, and what is only known once ${…} has been expanded.
Tree any_of(std::initializer_list<Tree> alternatives, std::string_view word) {
  Tree list = Tree::list({});
  for (const Tree& alternative : alternatives) list.append(alternative);
  if (!word.empty()) list.append(object({{"const", text(word)}}));
  list.append(object({{"$ref", text("#/definitions/expansion")}}));
  return object({{"anyOf", std::move(list)}});
}

Tree pattern(std::string_view regular_expression) {
  return object({{"type", text("string")}, {"pattern", text(regular_expression)}});
}

// What the rule accepts, as a schema; `Field` tells it the enumeration or the struct.
template <class Field>
Tree shape(const Count& rule) {
  return any_of(
      {object(
          {{"type", text("integer")}, {"minimum", number(rule.lowest)}, {"maximum", number(rule.highest)}})},
      rule.word);
}

template <class Field>
Tree shape(const Size& rule) {
  const auto bytes = [](std::uint64_t n) { return number(static_cast<std::int64_t>(n)); };
  return any_of(
      {object({{"type", text("integer")}, {"minimum", bytes(rule.lowest)}, {"maximum", bytes(rule.highest)}}),
       pattern("^[0-9]+(KiB|MiB|GiB)?$")},
      rule.word);
}

template <class Field>
Tree shape(const Period& rule) {
  return any_of({pattern("^[0-9]+(ms|s|m|h|d)$")}, rule.word);
}

template <class Field>
Tree shape(const Flag&) {
  return any_of({object({{"type", text("boolean")}})}, "");
}

template <class Field>
Tree shape(const Choice&) {
  Tree names = Tree::list({});
  for (const std::string_view name : names_of(Field{})) names.append(text(name));
  // Without quotes 3.1 and 5.0 are numbers to YAML, and people may leave them out.
  if constexpr (std::is_same_v<Field, Version>)
    for (const char* number : {"3.1", "5.0"}) names.append(Tree::scalar(Tree::Kind::real, number, {}));
  if constexpr (std::is_same_v<Field, TlsVersion>)
    for (const char* version : {"1.2", "1.3"}) names.append(Tree::scalar(Tree::Kind::real, version, {}));
  return any_of({object({{"enum", std::move(names)}})}, "");
}

template <class Field>
Tree shape(const Name&) {
  return any_of({pattern("^[A-Za-z0-9._-]{1,64}$")}, "");
}

Tree some_text() { return object({{"type", text("string")}, {"minLength", number(1)}}); }
template <class Field>
Tree shape(const Text&) {
  return some_text();
}
template <class Field>
Tree shape(const Path&) {
  return some_text();
}
template <class Field>
Tree shape(const Library&) {
  return some_text();
}

template <class Field>
Tree shape(const Address&) {
  return any_of({pattern("^((\\*|[0-9.]+|\\[[0-9A-Fa-f:.]+\\]):[0-9]{1,5}|unix:.+|systemd(:[^:]+)?)$")}, "");
}

template <class Field>
Tree shape(const Subtree&) {
  return Tree::map({});
}

template <class Field>
Tree shape(const Section&);

template <class Field, class Each>
Tree shape(const List<Each>& rule);

// The type a rule is about: optional and Located say how a value is kept, not what it is.
template <class T>
struct Inner {
  using type = T;
};
template <class T>
struct Inner<std::optional<T>> : Inner<T> {};
template <class T>
struct Inner<Located<T>> : Inner<T> {};

// What a setting is when the file does not say; empty for sections, lists and settings that then follow
// others.
template <class Field, class Rule>
std::optional<Tree> default_of(const Field& field, const Rule& rule) {
  using Type = typename Inner<Field>::type;
  if constexpr (std::is_same_v<Field, std::optional<Type>>) {
    if (field) return default_of(*field, rule);
    if constexpr (requires { rule.word; })
      if (!rule.word.empty()) return text(rule.word);
    return std::nullopt;
  } else if constexpr (std::is_same_v<Field, Located<Type>>) {
    return default_of(field.value, rule);
  } else if constexpr (std::is_same_v<Rule, Count>) {
    return number(static_cast<std::int64_t>(field));
  } else if constexpr (std::is_same_v<Rule, Size>) {
    return text(format_size(field));
  } else if constexpr (std::is_same_v<Rule, Period>) {
    return text(format_duration(field));
  } else if constexpr (std::is_same_v<Rule, Flag>) {
    return flag(field);
  } else if constexpr (std::is_same_v<Rule, Choice> && std::is_enum_v<Field>) {
    return text(name_of(field));
  } else if constexpr (std::is_same_v<Field, std::vector<Version>>) {
    Tree list = Tree::list({});
    for (const Version version : field) list.append(text(name_of(version)));
    return list;
  } else {
    return std::nullopt;
  }
}

// Visits the rows of one struct and writes down what they say.
class RowSchema {
 public:
  template <class Field, class Rule>
  void operator()(std::string_view key, const Field& field, const Rule& rule, std::string_view sentence) {
    Tree property = described(shape<typename Inner<Field>::type>(rule), sentence);
    if (auto value = default_of(field, rule)) property.insert("default", {}, *std::move(value));
    properties_.insert(std::string{key}, {}, std::move(property));
  }

  template <class Field, class Rule>
  void required(std::string_view key, std::string_view /*example*/, const Field&, const Rule& rule,
                std::string_view sentence) {
    properties_.insert(std::string{key}, {}, described(shape<typename Inner<Field>::type>(rule), sentence));
    required_.append(text(key));
  }

  Tree take() && {
    Tree schema = object({{"type", text("object")}, {"additionalProperties", flag(false)}});
    if (!required_.items().empty()) schema.insert("required", {}, std::move(required_));
    schema.insert("properties", {}, std::move(properties_));
    return schema;
  }

 private:
  static Tree described(const Tree& shape, std::string_view sentence) {
    Tree property = object({{"description", text(sentence)}});
    for (const Tree::Entry& entry : shape.entries()) property.insert(entry.key, {}, entry.value);
    return property;
  }

  Tree properties_ = Tree::map({});
  Tree required_ = Tree::list({});
};

template <class Field>
Tree shape(const Section&) {
  Field defaults{};
  RowSchema rows;
  describe(rows, defaults);
  return std::move(rows).take();
}

template <class Field, class Each>
Tree shape(const List<Each>& rule) {
  using Element = typename Inner<typename Field::value_type>::type;
  Tree schema = object({{"type", text("array")}, {"items", shape<Element>(rule.each)}});
  if (rule.empty == Empty::refused) schema.insert("minItems", {}, number(1));
  if (!std::is_same_v<Each, Section>) schema.insert("uniqueItems", {}, flag(true));
  return schema;
}

bool fits_a_line(const Tree& tree) {
  return tree.is_scalar() || (tree.depth() <= 3 && tree.to_json().size() <= 80);
}

void write_indented(const Tree& tree, std::string& out, const std::string& indent) {
  if (fits_a_line(tree)) {
    out += tree.to_json();
    return;
  }
  const std::string deeper = indent + "  ";
  const char* separator = "";
  const bool is_map = tree.kind() == Tree::Kind::map;
  out += is_map ? '{' : '[';
  for (const Tree::Entry& entry : tree.entries()) {
    out += std::exchange(separator, ",") + ('\n' + deeper) + json_text(entry.key) + ": ";
    write_indented(entry.value, out, deeper);
  }
  for (const Tree& item : tree.items()) {
    out += std::exchange(separator, ",") + ('\n' + deeper);
    write_indented(item, out, deeper);
  }
  out += '\n' + indent + (is_map ? '}' : ']');
}

}  // namespace

std::string settings_schema() {
  Tree schema = object({{"$schema", text("http://json-schema.org/draft-07/schema#")},
                        {"title", text("mortise.yaml")},
                        {"description", text("The configuration of a Mortise broker.")}});
  const Tree settings = shape<Settings>(Section{});
  for (const Tree::Entry& entry : settings.entries()) schema.insert(entry.key, {}, entry.value);
  Tree expansion = pattern("\\$(\\$|\\{.+\\})");
  expansion.insert("description", {}, text("A value that holds ${NAME} or ${file:PATH}."));
  schema.insert("definitions", {}, object({{"expansion", std::move(expansion)}}));
  std::string out;
  write_indented(schema, out, "");
  return out + '\n';
}

}  // namespace mortise::config
