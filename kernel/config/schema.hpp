// The JSON Schema (draft 7) of mortise.yaml, for editors and for people who generate the file.
//
// Made from the rows of settings.hpp, as the reader is, so the two cannot disagree about a key.
// Thread: any.   Fails: never.
#pragma once

#include <string>

namespace mortise::config {

// Indented text that ends with a line end; config/schema/mortise.schema.json is a copy of it. It accepts ${…}
// for every scalar, and cannot express what spans settings, such as two listeners on one address: a file the
// schema accepts may still be refused.
std::string settings_schema();

}  // namespace mortise::config
