#include "host/schema_walk.hpp"

namespace mortise::host {

using Json = SchemaJson;
using config::Tree;

const Json* pointed_at(const std::string& target, const Json& root) {
  if (!target.starts_with('#') || target.ends_with('/') || target.find('%') != target.npos) return nullptr;
  const Json::json_pointer place{target.substr(1)};
  return root.contains(place) ? &root[place] : nullptr;
}

const Json* resolved(const Json* schema, const Json& root) {
  for (int hops = 0; schema && hops < 16; ++hops) {
    if (!schema->is_object() || !schema->contains("$ref")) return schema;
    schema = pointed_at((*schema)["$ref"].get<std::string>(), root);
  }
  return nullptr;
}

const Json* member(const Json* schema, const char* key) {
  return schema && schema->is_object() && schema->contains(key) ? &(*schema)[key] : nullptr;
}

const Json* schema_of_entry(const Json* schema, const std::string& key, const Json& root) {
  if (const Json* properties = member(schema, "properties"))
    if (properties->contains(key)) return resolved(&(*properties)[key], root);
  const Json* others = member(schema, "additionalProperties");
  return others && others->is_object() ? resolved(others, root) : nullptr;
}
const Json* schema_of_item(const Json* schema, const Json& root) {
  const Json* items = member(schema, "items");
  return items && items->is_object() ? resolved(items, root) : nullptr;
}

Json parse_shallow(const std::string& text, int depth_max) {
  bool is_too_deep = false;
  const auto look = [&](int depth, Json::parse_event_t event, Json&) {
    const bool begins =
        event == Json::parse_event_t::object_start || event == Json::parse_event_t::array_start;
    is_too_deep |= begins && depth >= depth_max;
    return !is_too_deep;
  };
  Json value = Json::parse(text, look, false);
  return is_too_deep ? Json(Json::value_t::discarded) : value;
}

Tree tree_of(const Json& value, const config::Location& where) {
  if (value.is_object()) {
    Tree map = Tree::map(where);
    for (const auto& [key, inner] : value.items()) map.insert(key, where, tree_of(inner, where));
    return map;
  }
  if (value.is_array()) {
    Tree list = Tree::list(where);
    for (const Json& inner : value) list.append(tree_of(inner, where));
    return list;
  }
  if (value.is_string()) return Tree::scalar(Tree::Kind::string, value.get<std::string>(), where);
  const Tree::Kind kind = value.is_boolean()          ? Tree::Kind::boolean
                          : value.is_number_integer() ? Tree::Kind::integer
                          : value.is_number()         ? Tree::Kind::real
                                                      : Tree::Kind::null;
  return Tree::scalar(kind, value.dump(), where);
}

}  // namespace mortise::host
