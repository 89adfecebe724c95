#include "host/arguments.hpp"

#include <algorithm>
#include <cctype>
#include <optional>

#include "config/nearest.hpp"
#include "host/schema_check.hpp"
#include "host/schema_walk.hpp"

namespace mortise::host {

namespace {

using Json = SchemaJson;
using config::Refusal;
using config::Tree;

// The arguments a verb has, in order.
class Known {
 public:
  explicit Known(std::string_view schema)
      : root_(schema.empty() ? Json::object() : Json::parse(schema, nullptr, false)) {
    const Json* const map = resolved(&root_, root_);
    if (const Json* properties = member(map, "properties"))
      for (const auto& [name, inner] : properties->items()) names_.push_back(name);
    if (const Json* required = member(map, "required"); required && required->is_array())
      for (const Json& name : *required)
        if (name.is_string()) required_.push_back(name.get<std::string>());
  }

  const std::vector<std::string>& names() const { return names_; }
  bool has(std::string_view name) const { return std::ranges::find(names_, name) != names_.end(); }
  bool is_required(const std::string& name) const {
    return std::ranges::find(required_, name) != required_.end();
  }
  const std::vector<std::string>& required() const { return required_; }
  const Json* schema_of(const std::string& name) const {
    return schema_of_entry(resolved(&root_, root_), name, root_);
  }
  bool takes(const std::string& name, std::string_view type) const {
    const Json* const wanted = member(schema_of(name), "type");
    if (!wanted) return type == "string" || !member(schema_of(name), "enum");
    if (wanted->is_string()) return wanted->get<std::string>() == type;
    return wanted->is_array() && std::ranges::any_of(*wanted, [&](const Json& one) { return one == type; });
  }
  std::optional<std::string> nearest(std::string_view name) const {
    const std::vector<std::string_view> views{names_.begin(), names_.end()};
    const auto found = config::nearest_name(name, views);
    return found ? std::optional{std::string{*found}} : std::nullopt;
  }

 private:
  const Json root_;
  std::vector<std::string> names_;
  std::vector<std::string> required_;
};

std::string upper(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return text;
}

// The default of an argument as it would be written.
std::string otherwise_of(const Json* schema) {
  const Json* const value = member(schema, "default");
  if (!value) return {};
  return value->is_string() ? value->get<std::string>() : value->dump();
}

// The text as what the schema asks for. What fits nothing stays a text, and the check says what is wrong.
Tree value_of(const std::string& text, const std::string& name, const Known& known) {
  const Json value = parse_shallow(text, 8);
  const bool fits = (value.is_boolean() && known.takes(name, "boolean")) ||
                    (value.is_number_integer() && known.takes(name, "integer")) ||
                    (value.is_number() && known.takes(name, "number")) ||
                    (value.is_array() && known.takes(name, "array")) ||
                    (value.is_object() && known.takes(name, "object"));
  return fits ? tree_of(value, {}) : Tree::scalar(Tree::Kind::string, text, {});
}

// How far the name reaches in a word such as "for=10m"; 0: it is a bare word. "/a=b" is one, too.
std::size_t name_size(std::string_view word) {
  const std::size_t equals = word.find('=');
  if (equals == 0 || equals == word.npos) return 0;
  const bool is_name = std::ranges::all_of(word.substr(0, equals), [](unsigned char c) {
    return std::islower(c) || std::isdigit(c) || c == '-' || c == '_';
  });
  return is_name ? equals : 0;
}

class Reading {
 public:
  Reading(std::string_view schema, const VerbWords& asked) : known_{schema}, asked_{asked} {
    usage_ = "write: mortise ctl " + asked.instance + ' ' + asked.verb;
    if (const std::string words = usage_of(schema); !words.empty()) usage_ += ' ' + words;
  }

  std::optional<Refusal> read() {
    for (const auto& [name, value] : asked_.options) {
      const bool is_switch = value.empty() && known_.has(name) && known_.takes(name, "boolean");
      if (auto refusal = give(name, is_switch ? "true" : value, "--" + name)) return refusal;
    }
    std::vector<std::string> bare;
    for (const std::string& word : asked_.words) {
      const std::size_t size = name_size(word);
      if (size == 0)
        bare.push_back(word);
      else if (auto refusal = give(word.substr(0, size), word.substr(size + 1), word.substr(0, size + 1)))
        return refusal;
    }
    for (const std::string& word : bare) {
      const auto free =
          std::ranges::find_if(known_.names(), [&](const std::string& name) { return !values_.entry(name); });
      if (free == known_.names().end())
        return Refusal{asked_.verb + " has no place for " + config::in_quotes(word), usage_};
      values_.insert(*free, {}, value_of(word, *free, known_));
    }
    for (const std::string& name : known_.required())
      if (!values_.entry(name)) return Refusal{upper(name) + " is missing", usage_};
    put_in_order();
    return {};
  }

  Tree& values() { return values_; }
  // A finding of the schema's check, for somebody who has written words and no file.
  Refusal refusal_of(const config::Finding& finding) const {
    const std::string name = finding.key.starts_with('/') ? finding.key.substr(1) : finding.key;
    return {(name.empty() ? "" : name + ": ") + finding.text,
            finding.remedy.empty() ? usage_ : finding.remedy};
  }

 private:
  std::optional<Refusal> give(const std::string& name, const std::string& value, const std::string& written) {
    if (!known_.has(name)) {
      std::string remedy = usage_;
      if (const auto nearest = known_.nearest(name))
        remedy = "did you mean " + *nearest + "=?";
      else if (!known_.names().empty())
        remedy +=
            "; a value with an = in it is given by its name, such as " + known_.names().front() + "=a=b";
      return Refusal{asked_.verb + " has no argument " + config::in_quotes(name) + " (" + written + ")",
                     std::move(remedy)};
    }
    if (values_.entry(name)) return Refusal{name + " is given twice", usage_};
    values_.insert(name, {}, value_of(value, name, known_));
    return {};
  }

  // As the schema has them, however they were written.
  void put_in_order() {
    Tree ordered = Tree::map({});
    for (const std::string& name : known_.names())
      if (const Tree::Entry* given = values_.entry(name)) ordered.insert(name, {}, given->value);
    values_ = std::move(ordered);
  }

  const Known known_;
  const VerbWords& asked_;
  std::string usage_;
  Tree values_ = Tree::map({});
};

}  // namespace

base::Result<Tree, Refusal> read_arguments(std::string_view schema, const VerbWords& asked,
                                           const std::string& file) {
  Reading reading{schema, asked};
  if (auto refusal = reading.read()) return base::Failure{std::move(*refusal)};
  if (schema.empty()) return std::move(reading.values());
  const auto findings = check_schema(reading.values(), schema, asked.instance, file, {}, {});
  if (!findings.empty()) return base::Failure{reading.refusal_of(findings.front())};
  return std::move(reading.values());
}

std::string usage_of(std::string_view schema) {
  const Known known{schema};
  std::string text;
  for (const std::string& name : known.names()) {
    const std::string otherwise = otherwise_of(known.schema_of(name));
    if (!text.empty()) text += ' ';
    text += known.is_required(name) ? upper(name)
                                    : '[' + name + '=' + (otherwise.empty() ? "…" : otherwise) + ']';
  }
  return text;
}

std::vector<ArgumentRow> arguments_of(std::string_view schema) {
  const Known known{schema};
  std::vector<ArgumentRow> rows;
  for (const std::string& name : known.names()) {
    const Json* const of = known.schema_of(name);
    const Json* const description = member(of, "description");
    rows.push_back({name, known.is_required(name) ? "must be given" : otherwise_of(of),
                    description && description->is_string() ? description->get<std::string>() : ""});
  }
  return rows;
}

}  // namespace mortise::host
