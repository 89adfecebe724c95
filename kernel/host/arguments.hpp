// The words behind a plugin's verb, as the map of arguments that its schema asks for.
//
//   level auth debug --for=10m    or    level auth debug for=10m    or    level level=debug category=auth
//
// A word NAME=VALUE or an option --NAME=VALUE gives an argument by its name; --NAME alone is true. Any other
// word gives the next argument in the order of the schema's `properties` that has no value yet. A value that
// is to be a list or a map is written as JSON.
//
// Thread: any.   Owns: nothing after the call.
// Fails:  by a refusal that says what to write.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "config/finding.hpp"
#include "config/tree.hpp"

namespace mortise::host {

struct VerbWords {
  std::string instance;
  std::string verb;
  std::vector<std::string> words;
  std::map<std::string, std::string> options;
};

// `schema` is sound, or empty: the verb takes no arguments. The map has what the schema gives as defaults.
// `file` is the plugin's library, for faults that are its own.
base::Result<config::Tree, config::Refusal> read_arguments(std::string_view schema, const VerbWords& asked,
                                                           const std::string& file);

// "CATEGORY LEVEL [for=10m] [sink=…]": what can be written behind the verb.
std::string usage_of(std::string_view schema);

// What can be said about each argument.
struct ArgumentRow {
  std::string name;
  std::string otherwise;  // its value when it is left out; empty: none, and "must be given" where it must be
  std::string description;
};
std::vector<ArgumentRow> arguments_of(std::string_view schema);

}  // namespace mortise::host
