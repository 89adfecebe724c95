// Steps through a JSON Schema beside the value it is about, and JSON of strangers.
//
// Thread: any.   Owns: nothing; everything points into the schema it was found in.
// Fails:  by null where the schema says nothing simple.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "config/tree.hpp"

namespace mortise::host {

using SchemaJson = nlohmann::ordered_json;  // the order of `properties` counts

// Where "$ref": "#/…" points; null: nowhere in this schema. A '%' and a '/' at the end are refused because
// the library reads those two its own way, and must not see another path than the one we walked.
const SchemaJson* pointed_at(const std::string& target, const SchemaJson& root);
// What "$ref": "#/…" leads to, through at most a few others.
const SchemaJson* resolved(const SchemaJson* schema, const SchemaJson& root);
// Null also for what is no map.
const SchemaJson* member(const SchemaJson* schema, const char* key);
// The schema of a map's entry or of a list's item.
const SchemaJson* schema_of_entry(const SchemaJson* schema, const std::string& key, const SchemaJson& root);
const SchemaJson* schema_of_item(const SchemaJson* schema, const SchemaJson& root);

// The text as JSON; discarded if it is none, or has more than `depth_max` maps and lists within each other.
SchemaJson parse_shallow(const std::string& text, int depth_max);

// The value with `where` as the place of all of it.
config::Tree tree_of(const SchemaJson& value, const config::Location& where);

}  // namespace mortise::host
