// The files of config/: nothing wrong with them, and no damage to them that the reader does not survive.
#include <algorithm>
#include <fstream>
#include <iterator>

#include "config/located_yaml.hpp"
#include "row.hpp"

namespace mortise::config {
namespace {

std::string path_of(const std::string& name) { return std::string{MORTISE_CONFIG_FOLDER} + '/' + name; }

std::string content_of(const std::string& name) {
  std::ifstream in{path_of(name)};
  return {std::istreambuf_iterator<char>{in}, {}};
}

class ShippedFile : public testing::TestWithParam<const char*> {};

TEST_P(ShippedFile, is_read_without_a_finding) {
  const auto reading = read_settings(path_of(GetParam()), variables());
  EXPECT_EQ(texts(reading.findings), "");
  EXPECT_FALSE(reading.settings.listeners.empty());
}

TEST_P(ShippedFile, logs_stores_and_authenticates) {
  std::vector<std::string> libraries;
  const auto reading = read_settings(path_of(GetParam()), variables());
  for (const Plugin& plugin : reading.settings.plugins) libraries.push_back(plugin.library.value);
  EXPECT_EQ(libraries, (std::vector<std::string>{"log", "store-sqlite", "auth-file"}));
}

TEST_P(ShippedFile, admits_nameless_clients_on_loopback_only) {
  const auto reading = read_settings(path_of(GetParam()), variables());
  for (const Listener& listener : reading.settings.listeners)
    EXPECT_TRUE(listener.anonymous == Anonymous::deny || listener.bind.value.is_local());
}

// Each finding must lie in the file, whatever was done to it.
void expect_located(const std::string& text) {
  const auto lines = std::count(text.begin(), text.end(), '\n') + 1;
  for (const Finding& finding : reading_of(text).findings) {
    EXPECT_FALSE(finding.text.empty());
    EXPECT_GE(finding.where.line, 1) << finding.to_text() << '\n' << text;
    EXPECT_LE(finding.where.line, lines) << finding.to_text() << '\n' << text;
    EXPECT_GE(finding.where.column, 1) << finding.to_text() << '\n' << text;
  }
}

TEST_P(ShippedFile, cut_off_anywhere_is_survived_with_findings_in_the_file) {
  const std::string text = content_of(GetParam());
  ASSERT_FALSE(text.empty());
  for (std::size_t length = 0; length < text.size(); length += 7) expect_located(text.substr(0, length));
}

TEST_P(ShippedFile, with_one_character_changed_is_survived_with_findings_in_the_file) {
  const std::string text = content_of(GetParam());
  constexpr std::string_view troublemakers = ":-{}[]*&!|>'\"#%@\t\n ,?~\xFF\x01";
  for (std::size_t i = 0; i < text.size(); i += 3) {
    std::string damaged = text;
    damaged[i] = troublemakers[i / 3 % troublemakers.size()];
    expect_located(damaged);
  }
}

INSTANTIATE_TEST_SUITE_P(config, ShippedFile,
                         testing::Values("mortise.yaml", "smart-home.yaml", "industrial-telemetry.yaml",
                                         "mobile-push.yaml", "remote-monitoring.yaml"),
                         [](const auto& row) {
                           std::string name = row.param;
                           std::ranges::replace_if(
                               name, [](char c) { return c == '-' || c == '.'; }, '_');
                           return name;
                         });

TEST(shipped_access_files, are_yaml_without_a_finding) {
  for (const char* name : {"users.yaml", "access.yaml"}) {
    const auto reading = read_yaml(content_of(name), name, variables(), ".");
    EXPECT_EQ(texts(reading.findings), "");
    ASSERT_TRUE(reading.tree);
    EXPECT_EQ(reading.tree->kind(), Tree::Kind::map) << name;
  }
}

TEST(shipped_default, leaves_the_acknowledge_class_to_the_store) {
  const auto reading = read_settings(path_of("mortise.yaml"), variables());
  EXPECT_FALSE(reading.settings.kernel.acknowledge);
  EXPECT_FALSE(reading.settings.kernel.session.store);
  ASSERT_EQ(reading.settings.listeners.size(), 1u);
  EXPECT_EQ(reading.settings.listeners[0].bind.value.text, "127.0.0.1:1883");
}

}  // namespace
}  // namespace mortise::config
