#include "host/schema_check.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <span>
#include <unordered_map>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

#include "config/nearest.hpp"
#include "host/schema_walk.hpp"

namespace mortise::host {

namespace {

using Json = SchemaJson;
using config::Finding;
using config::Tree;

// A look at a plugin's whole schema before the library gets it, which follows a circle until the stack ends.
//
// Every map of the document counts as a schema, `default` and `enum` too: a $ref can make a schema of any.
class SchemaLook {
 public:
  explicit SchemaLook(const Json& root) : root_{root} { look(root); }

  const std::string& problem() const noexcept { return problem_; }
  bool has_patterns() const noexcept { return has_patterns_; }

 private:
  void look(const Json& part) {
    if (part.is_object()) {
      follow(part);
      has_patterns_ |=
          part.contains("pattern") || part.contains("patternProperties") || part.contains("format");
    }
    if (part.is_structured())
      for (const Json& inner : part) look(inner);
  }

  // Goes to whatever is asked about the same value; who comes back to where he was would go round for ever.
  void follow(const Json& schema) {
    if (!problem_.empty() || !schema.is_object()) return;
    if (const auto [seen, is_new] = is_under_way_.try_emplace(&schema, true); !is_new) {
      if (seen->second) problem_ = "it refers to itself in a circle";
      return;
    }
    if (const Json* ref = member(&schema, "$ref"); ref && ref->is_string()) {
      const std::string target = ref->get<std::string>();
      // A chain too long for resolved() would be read by the library and not by us.
      if (const Json* next = pointed_at(target, root_))
        follow(*next);
      else
        problem_ = "\"$ref\": " + config::in_quotes(target) + " leads nowhere in it";
      if (problem_.empty() && !resolved(&schema, root_))
        problem_ = "\"$ref\": " + config::in_quotes(target) + " leads through too many others";
    }
    for (const char* const key : {"not", "if", "then", "else"})
      if (const Json* inner = member(&schema, key)) follow(*inner);
    for (const char* const key : {"allOf", "anyOf", "oneOf", "dependencies"})
      if (const Json* list = member(&schema, key); list && list->is_structured())
        for (const Json& inner : *list) follow(inner);
    is_under_way_[&schema] = false;
  }

  const Json& root_;
  std::unordered_map<const Json*, bool> is_under_way_;  // false: done with
  std::string problem_;
  bool has_patterns_ = false;
};

// Texts too long for a pattern: std::regex calls itself for each character, and "(a|b)*" needs 8 MiB of stack
// for 16 KiB of text, and for 4 KiB under the address sanitizer.
class LongTexts {
 public:
  LongTexts(const Json& root, std::vector<Finding>& findings) : root_{root}, findings_{findings} {}

  void look(const Tree& node, const Json* schema, const std::string& key) {
    if (node.kind() == Tree::Kind::string && may_try_pattern(schema)) check(node.text(), node.where(), key);
    const Json* const simple = is_simple(schema) ? schema : nullptr;
    for (std::size_t i = 0; i < node.items().size(); ++i)
      look(node.items()[i], schema_of_item(simple, root_), key + '/' + std::to_string(i));
    for (const Tree::Entry& entry : node.entries()) {
      check(entry.key, entry.key_where, key);
      look(entry.value, schema_of_entry(simple, entry.key, root_), key + '/' + entry.key);
    }
  }

 private:
  static constexpr std::size_t longest = 1024;

  // Says all there is to say about a value by itself, and about its parts through properties and items.
  static bool is_simple(const Json* schema) {
    if (!schema) return false;
    for (const char* const key : {"not", "if", "then", "else", "allOf", "anyOf", "oneOf", "dependencies",
                                  "patternProperties", "contains"})
      if (member(schema, key)) return false;
    return true;
  }
  static bool may_try_pattern(const Json* schema) {
    return !is_simple(schema) || member(schema, "pattern") || member(schema, "format");
  }

  void check(std::string_view text, const config::Location& where, const std::string& key) {
    if (text.size() <= longest) return;
    findings_.push_back({config::Severity::error,
                         where,
                         key,
                         "this text has " + std::to_string(text.size()) +
                             " bytes; where a form is asked for, " + std::to_string(longest) + " is the most",
                         {}});
  }

  const Json& root_;
  std::vector<Finding>& findings_;
};

// Keys of maps that the schema closes with additionalProperties: false.
class UnknownKeys {
 public:
  UnknownKeys(const Json& root, std::vector<Finding>& findings) : root_{root}, findings_{findings} {}

  void look(const Tree& node, const Json* schema, const std::string& key) {
    for (std::size_t i = 0; i < node.items().size(); ++i)
      look(node.items()[i], schema_of_item(schema, root_), key + '/' + std::to_string(i));
    const Json* others = member(schema, "additionalProperties");
    const bool closed =
        others && others->is_boolean() && !others->get<bool>() && !member(schema, "patternProperties");
    const Json* known = member(schema, "properties");
    for (const Tree::Entry& entry : node.entries()) {
      if (closed && (!known || !known->contains(entry.key))) tell(entry, known, key);
      look(entry.value, schema_of_entry(schema, entry.key, root_), key + '/' + entry.key);
    }
  }

 private:
  void tell(const Tree::Entry& entry, const Json* known, const std::string& key) {
    std::vector<std::string_view> names;
    if (known)
      for (const auto& [name, schema] : known->items()) names.push_back(known->find(name).key());
    std::string text = "unknown key " + config::in_quotes(entry.key);
    if (const auto nearest = config::nearest_name(entry.key, names))
      text += ", did you mean " + config::in_quotes(*nearest) + "?";
    findings_.push_back(
        {config::Severity::error, entry.key_where, key + '/' + entry.key, std::move(text), {}});
  }

  const Json& root_;
  std::vector<Finding>& findings_;
};

std::string_view name_of(Tree::Kind kind) {
  switch (kind) {
    case Tree::Kind::null: return "nothing";
    case Tree::Kind::boolean: return "true or false";
    case Tree::Kind::integer: return "a whole number";
    case Tree::Kind::real: return "a number";
    case Tree::Kind::string: return "a text";
    case Tree::Kind::list: return "a list";
    case Tree::Kind::map: return "a map";
  }
  return "something else";
}

std::string_view name_of_type(std::string_view type) {
  if (type == "object") return "a map";
  if (type == "array") return "a list";
  if (type == "string") return "a text";
  if (type == "integer") return "a whole number";
  if (type == "number") return "a number";
  if (type == "boolean") return "true or false";
  return "nothing";
}

std::string listed(const Json& values) {
  std::string text;
  for (const Json& value : values)
    text += (text.empty() ? "" : ", ") + (value.is_string() ? value.get<std::string>() : value.dump());
  return text;
}

// "between 0 and 2", as the schema has the bounds of a number.
std::string range_of(const Json* schema) {
  const auto bound = [&](const char* key) {
    const Json* const value = member(schema, key);
    return value ? value->dump() : std::string{};
  };
  const std::string least = bound("minimum"), most = bound("maximum");
  const std::string above = bound("exclusiveMinimum"), below = bound("exclusiveMaximum");
  if (!least.empty() && !most.empty()) return "between " + least + " and " + most;
  const std::string low = !least.empty() ? least + " or more" : !above.empty() ? "more than " + above : "";
  const std::string high = !most.empty() ? most + " or less" : !below.empty() ? "less than " + below : "";
  return low + (low.empty() || high.empty() ? "" : " and ") + high;
}

// What is wrong with `node`, from the schema where it is simple, else in the library's words.
std::string explain(const Tree& node, const Json* schema, const std::string& said) {
  if (said.find("'type' constraint") != said.npos)
    if (const Json* type = member(schema, "type")) {
      std::string wanted;
      for (const Json& one : type->is_array() ? *type : Json::array({*type}))
        wanted += (wanted.empty() ? "" : " or ") + std::string{name_of_type(one.get<std::string>())};
      return "this is " + std::string{name_of(node.kind())} + ", it must be " + wanted;
    }
  if (said.find("enum values") != said.npos)
    if (const Json* values = member(schema, "enum"))
      return config::in_quotes(node.text()) + " is none of " + listed(*values);
  if (said.find("'pattern' constraint") != said.npos)
    if (const Json* pattern = member(schema, "pattern"))
      return config::in_quotes(node.text()) + " does not have the form " + pattern->get<std::string>();
  if (const std::string range = range_of(schema); said.starts_with("Expected number") && !range.empty())
    return node.text() + " is not " + range;
  constexpr std::string_view missing = "Missing required property '";
  if (said.starts_with(missing))
    return "the key " +
           config::in_quotes(said.substr(missing.size(), said.find('\'', missing.size()) - missing.size())) +
           " is missing";
  std::string text = said;
  if (!text.empty()) text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  while (text.ends_with('.')) text.pop_back();
  return text;
}

bool is_about_a_child(std::string_view said) {
  return said.starts_with("Failed to validate") || said.starts_with("Object contains a property") ||
         said.starts_with("Cannot validate item");
}

// "<root>", "[sinks]", "[0]": the library's way to a node, without its first step.
std::vector<std::string> steps_of(const std::vector<std::string>& context) {
  std::vector<std::string> steps;
  for (const std::string& step : std::span{context}.subspan(context.empty() ? 0 : 1))
    steps.push_back(step.size() > 1 && step.front() == '[' ? step.substr(1, step.size() - 2) : step);
  return steps;
}

void add_finding(const Tree& config, const Json& root, const valijson::ValidationResults::Error& error,
                 const std::string& key, const config::Location& section, std::vector<Finding>& findings) {
  const Tree* node = &config;
  const Json* schema = resolved(&root, root);
  std::string way = key;
  for (const std::string& step : steps_of(error.context)) {
    const Tree::Entry* entry = node->entry(step);
    schema = entry ? schema_of_entry(schema, step, root) : schema_of_item(schema, root);
    const std::size_t index = std::strtoul(step.c_str(), nullptr, 10);
    if (entry)
      node = &entry->value;
    else if (index < node->items().size())
      node = &node->items()[index];
    way += '/' + step;
  }
  const config::Location& where = node->where().line != 0 ? node->where() : section;
  Finding finding{config::Severity::error, where, way, explain(*node, schema, error.description), {}};
  const bool told = std::ranges::any_of(
      findings, [&](const Finding& other) { return other.key == way && other.text == finding.text; });
  if (!told) findings.push_back(std::move(finding));
}

// The tree with the schema's defaults for what was left out.
Tree with_defaults(const Tree& node, const Json* schema, const Json& root) {
  if (node.kind() == Tree::Kind::list) {
    Tree list = Tree::list(node.where());
    for (const Tree& item : node.items())
      list.append(with_defaults(item, schema_of_item(schema, root), root));
    return list;
  }
  if (node.kind() != Tree::Kind::map) return node;
  Tree map = Tree::map(node.where());
  for (const Tree::Entry& entry : node.entries())
    map.insert(entry.key, entry.key_where,
               with_defaults(entry.value, schema_of_entry(schema, entry.key, root), root));
  if (const Json* properties = member(schema, "properties"))
    for (const auto& [key, inner] : properties->items())
      if (const Json* value = member(resolved(&inner, root), "default"); value && !map.entry(key))
        map.insert(key, node.where(), tree_of(*value, node.where()));
  return map;
}

std::string problem_of(const Json& root) {
  return root.is_object() ? SchemaLook{root}.problem() : "it is no JSON object";
}

}  // namespace

std::string fault_of_schema(std::string_view schema_text) {
  const Json root = Json::parse(schema_text, nullptr, false);
  try {
    if (std::string why = problem_of(root); !why.empty()) return why;
    const nlohmann::json plain = nlohmann::json::parse(schema_text);
    valijson::Schema schema;
    valijson::SchemaParser{valijson::SchemaParser::kDraft7}.populateSchema(
        valijson::adapters::NlohmannJsonAdapter{plain}, schema);
  } catch (const std::exception& failure) {
    return failure.what();
  }
  return {};
}

std::vector<Finding> check_schema(Tree& config, std::string_view schema_text, const std::string& plugin,
                                  const std::string& file, const std::string& key,
                                  const config::Location& section) {
  std::vector<Finding> findings;
  const auto broken = [&](const std::string& why) {
    findings.push_back(
        {config::Severity::error, section, key,
         "plugin " + config::in_quotes(plugin) + ": the JSON Schema in " + file + " is broken: " + why,
         "this is a fault of the plugin, report it to its author"});
    return findings;
  };
  const Json root = Json::parse(schema_text, nullptr, false);
  try {
    if (const std::string why = problem_of(root); !why.empty()) return broken(why);
    if (SchemaLook{root}.has_patterns()) LongTexts{root, findings}.look(config, resolved(&root, root), key);
    if (!findings.empty()) return findings;
    // The library's adapter knows the unordered type only.
    const nlohmann::json plain = nlohmann::json::parse(schema_text);
    const nlohmann::json document = nlohmann::json::parse(config.to_json());
    valijson::Schema schema;
    valijson::SchemaParser{valijson::SchemaParser::kDraft7}.populateSchema(
        valijson::adapters::NlohmannJsonAdapter{plain}, schema);
    valijson::ValidationResults results;
    const bool valid =
        valijson::Validator{}.validate(schema, valijson::adapters::NlohmannJsonAdapter{document}, &results);
    UnknownKeys{root, findings}.look(config, resolved(&root, root), key);
    for (const auto& error : results)
      if (!is_about_a_child(error.description)) add_finding(config, root, error, key, section, findings);
    // Only combined schemas end here, such as anyOf: then the outermost words are all there is.
    if (!valid && findings.empty()) add_finding(config, root, *results.begin(), key, section, findings);
    if (valid && findings.empty()) config = with_defaults(config, resolved(&root, root), root);
  } catch (const std::exception& failure) {
    return broken(failure.what());
  }
  return findings;
}

}  // namespace mortise::host
