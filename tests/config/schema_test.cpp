// The JSON Schema and the reader know the same keys, and the shipped copy is up to date.
#include "config/schema.hpp"

#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>

#include "config/located_yaml.hpp"
#include "row.hpp"

namespace mortise::config {
namespace {

std::string content_of(const std::string& name) {
  std::ifstream in{std::string{MORTISE_CONFIG_FOLDER} + '/' + name};
  return {std::istreambuf_iterator<char>{in}, {}};
}

bool schema_accepts(std::string_view yaml) {
  const nlohmann::json document = nlohmann::json::parse(settings_schema());
  valijson::Schema schema;
  valijson::SchemaParser{}.populateSchema(valijson::adapters::NlohmannJsonAdapter{document}, schema);
  const auto tree = read_yaml(yaml, "f.yaml", variables(), ".").tree;
  const auto value = nlohmann::json::parse(tree->to_json());
  return valijson::Validator{}.validate(schema, valijson::adapters::NlohmannJsonAdapter{value}, nullptr);
}

TEST(schema, the_shipped_copy_is_up_to_date) {
  EXPECT_EQ(content_of("schema/mortise.schema.json"), settings_schema())
      << "config/schema/mortise.schema.json has to hold what settings_schema() returns, byte for byte";
}

// The maps of the schema: where each is in a settings file, and its keys.
using Maps = std::map<std::string, std::set<std::string>>;

void collect(const nlohmann::json& schema, const std::string& way, Maps& maps) {
  if (schema.contains("items")) return collect(schema["items"], way + "/0", maps);
  if (!schema.contains("properties")) return;
  for (const auto& [key, property] : schema["properties"].items()) {
    maps[way].insert(key);
    collect(property, way.empty() ? key : way + '/' + key, maps);
  }
}

Maps maps_of_schema() {
  Maps maps;
  collect(nlohmann::json::parse(settings_schema()), "", maps);
  return maps;
}

// A file with nothing in it but the way to one map, and `inside` in that map.
std::string file_with(const std::string& way, const std::string& inside) {
  std::string open, close;
  for (std::size_t at = 0; at < way.size();) {
    const std::size_t end = std::min(way.find('/', at), way.size());
    const std::string step = way.substr(at, end - at);
    const bool element = step == "0";
    open += element ? "[" : '{' + step + ": ";
    close.insert(0, element ? "]" : "}");
    at = end + 1;
  }
  return open + '{' + inside + '}' + close;
}

TEST(schema, the_maps_are_those_of_this_release) {
  std::set<std::string> ways;
  for (const auto& [way, keys] : maps_of_schema()) ways.insert(way);
  EXPECT_EQ(ways, (std::set<std::string>{"",
                                         "kernel",
                                         "kernel/limits",
                                         "kernel/session",
                                         "kernel/session/queue",
                                         "kernel/retained",
                                         "kernel/store",
                                         "kernel/acknowledge/0",
                                         "listeners/0",
                                         "listeners/0/limits",
                                         "listeners/0/tls",
                                         "listeners/0/tls/certificates/0",
                                         "listeners/0/tls/psk",
                                         "listeners/0/websocket",
                                         "plugins/0",
                                         "plugins/0/hooks",
                                         "plugins/0/hooks/authenticate",
                                         "plugins/0/hooks/authorise",
                                         "plugins/0/hooks/intercept",
                                         "plugins/0/hooks/observe"}));
}

TEST(schema, the_reader_knows_every_key_of_the_schema) {
  for (const auto& [way, keys] : maps_of_schema())
    for (const std::string& key : keys) {
      const std::string told = texts(reading_of(file_with(way, key + ": [[]]")).findings);
      EXPECT_EQ(told.find("unknown key"), std::string::npos) << way << '/' << key << '\n' << told;
    }
}

TEST(schema, the_schema_knows_every_key_of_the_reader) {
  for (const auto& [way, keys] : maps_of_schema()) {
    const std::string told = texts(reading_of(file_with(way, "qqqqqqqqqqqq: 1")).findings);
    std::string known;
    const std::size_t at = told.find("known here: ");
    ASSERT_NE(at, std::string::npos) << way << '\n' << told;
    std::istringstream list{told.substr(at + 12, told.find('\n', at) - at - 12)};
    std::set<std::string> reader_keys;
    while (std::getline(list >> std::ws, known, ',')) reader_keys.insert(known);
    EXPECT_EQ(reader_keys, keys) << way;
  }
}

TEST(schema, every_key_is_described) {
  const auto described = [](const auto& self, const nlohmann::json& schema) -> void {
    if (schema.contains("items")) self(self, schema["items"]);
    if (!schema.contains("properties")) return;
    for (const auto& [key, property] : schema["properties"].items()) {
      EXPECT_GT(property.value("description", "").size(), 10u) << key;
      self(self, property);
    }
  };
  described(described, nlohmann::json::parse(settings_schema()));
}

TEST(schema, accepts_its_own_defaults) {
  const nlohmann::json schema = nlohmann::json::parse(settings_schema());
  int defaults = 0;
  const auto check = [&](const auto& self, const nlohmann::json& node, const std::string& way) -> void {
    if (!node.contains("properties")) return;
    for (const auto& [key, property] : node["properties"].items()) {
      if (property.contains("default")) {
        ++defaults;
        const std::string file = file_with(way, key + ": " + property["default"].dump());
        const std::string whole = "{" + file.substr(1, file.size() - 2) + ", " + one_listener + "}";
        EXPECT_TRUE(schema_accepts(whole)) << whole;
        EXPECT_EQ(texts(reading_of(whole).findings), "") << whole;
      }
      self(self, property, way.empty() ? key : way + '/' + key);
    }
  };
  check(check, schema, "");
  EXPECT_EQ(defaults, 35) << "every kernel setting that does not follow another one";
}

struct Row {
  const char* name;
  const char* line;
  bool accepted;
};

class Schema : public testing::TestWithParam<Row> {};

TEST_P(Schema, judges_as_the_reader_does) {
  const std::string file = GetParam().line + ('\n' + std::string{one_listener});
  EXPECT_EQ(schema_accepts(file), GetParam().accepted);
  EXPECT_EQ(!has_errors(reading_of(file, {}).findings), GetParam().accepted)
      << texts(reading_of(file).findings);
}

INSTANTIATE_TEST_SUITE_P(schema, Schema,
                         testing::ValuesIn(std::vector<Row>{
                             {"an_unknown_key", "kernel: {thread: 1}", false},
                             {"a_number_in_range", "kernel: {threads: 64}", true},
                             {"a_number_out_of_range", "kernel: {threads: 65}", false},
                             {"a_word_for_a_number", "kernel: {threads: auto}", true},
                             {"another_word_for_a_number", "kernel: {threads: unlimited}", false},
                             {"a_size", "kernel: {store: {pending: 1GiB}}", true},
                             {"a_size_in_bytes", "kernel: {store: {pending: 1073741824}}", true},
                             {"a_size_in_bytes_out_of_range", "kernel: {store: {pending: 1024}}", false},
                             {"a_size_with_a_bad_unit", "kernel: {store: {pending: 1GB}}", false},
                             {"a_duration", "kernel: {limits: {connect_timeout: 250ms}}", true},
                             {"a_duration_without_a_unit", "kernel: {limits: {connect_timeout: 5}}", false},
                             {"a_choice", "kernel: {session: {store: synced}}", true},
                             {"a_bad_choice", "kernel: {session: {store: sometimes}}", false},
                             {"an_empty_list_that_must_not_be", "kernel: {acknowledge: []}", false},
                             {"an_empty_list_that_may_be", "plugins: []", true},
                             {"a_missing_key", "plugins: [{name: a}]", false},
                             {"a_name_with_a_space", "plugins: [{name: a b, library: c}]", false},
                             {"any_plugin_settings",
                              "plugins: [{name: a, library: b, config: {c: [1, {d: null}]}}]", true},
                         }),
                         row_name<Row>);

struct VersionRow {
  const char* name;
  const char* listener;
  bool accepted;
};

class SchemaOfListeners : public testing::TestWithParam<VersionRow> {};

TEST_P(SchemaOfListeners, judges_as_the_reader_does) {
  const std::string file = "listeners: [{name: a, " + std::string{GetParam().listener} + "}]\n";
  EXPECT_EQ(schema_accepts(file), GetParam().accepted);
  EXPECT_EQ(!has_errors(reading_of(file).findings), GetParam().accepted) << texts(reading_of(file).findings);
}

INSTANTIATE_TEST_SUITE_P(
    schema, SchemaOfListeners,
    testing::ValuesIn(std::vector<VersionRow>{
        {"ipv4", "bind: \"127.0.0.1:1883\"", true},
        {"ipv6", "bind: \"[::1]:1883\"", true},
        {"every_address", "bind: \"*:1883\"", true},
        {"a_unix_socket", "bind: unix:/run/mortise/mortise.sock, mode: \"0660\", group: mqtt", true},
        {"a_unix_socket_beside_the_file", "bind: unix:mortise.sock", true},
        {"a_passed_socket", "bind: systemd", true},
        {"a_passed_socket_with_a_name", "bind: systemd:tls", true},
        {"websocket", "bind: \"*:80\", transport: websocket, websocket: {path: /x, origins: [a]}", true},
        {"a_proxy", "bind: \"*:80\", proxy_protocol: optional, proxies: [10.0.0.0/8]", true},
        {"no_proxy", "bind: \"*:80\", proxy_protocol: off", true},
        {"no_port", "bind: 127.0.0.1", false},
        {"a_host_name", "bind: \"localhost:1883\"", false},
        {"versions_without_quotes", "bind: \"[::1]:1883\", versions: [3.1, 3.1.1, 5.0]", true},
        {"versions_in_quotes", "bind: \"[::1]:1883\", versions: [\"3.1.1\", \"5.0\"]", true},
        {"an_unknown_version", "bind: \"[::1]:1883\", versions: [3.2]", false},
    }),
    row_name<VersionRow>);

}  // namespace
}  // namespace mortise::config
