// Listeners that want keys (PSK), and who is asked whether there are any.
#include "app/psk_check.hpp"

#include <gtest/gtest.h>

#include "config/settings_reader.hpp"

namespace mortise::app {
namespace {

constexpr const char* three_listeners =
    "listeners:\n"
    "  - {name: plain, bind: \"127.0.0.1:1883\"}\n"
    "  - {name: pumps, bind: \"127.0.0.1:8883\", tls: {psk: {}}}\n"
    "  - {name: panels, bind: \"127.0.0.1:8884\", authenticate: [b, a], tls: {psk: {}}}\n"
    "plugins: [{name: a, library: one}, {name: b, library: two}]\n";

config::Settings settings() {
  auto reading = config::read_settings_text(three_listeners, "mortise.yaml", {});
  for (const auto& finding : reading.findings) EXPECT_EQ(finding.to_text(), "");
  return std::move(reading.settings);
}

// Lines, as they are written.
class Lines final : public broker::Log {
 public:
  bool wants(broker::LogLevel, std::string_view) const override { return true; }
  void write(broker::LogLevel level, std::string_view category, std::string_view event, std::string_view text,
             const broker::ClientFacts*, std::span<const Field>) override {
    EXPECT_EQ(level, broker::LogLevel::warning);
    EXPECT_EQ(category, "listeners");
    all += std::string{event} + ": " + std::string{text} + '\n';
  }
  std::string all;
};

bool pumps_only(const host::PskListener& listener) { return listener.name == "pumps"; }

TEST(PskCheck, asks_for_listeners_with_keys_only_and_with_the_plugins_they_list) {
  std::string asked;
  const auto findings = check_psk(settings(), [&](const host::PskListener& listener) {
    asked += listener.name + ':';
    for (const std::string& plugin : listener.plugins) asked += plugin;
    asked += ' ';
    return true;
  });
  EXPECT_TRUE(findings.empty());
  EXPECT_EQ(asked, "pumps: panels:ba ");
}

TEST(PskCheck, names_the_listener_and_its_place) {
  const auto findings = check_psk(settings(), [](const auto&) { return false; });
  ASSERT_EQ(findings.size(), 2U);
  EXPECT_TRUE(config::has_errors(findings));
  EXPECT_EQ(findings[0].to_text(),
            "mortise.yaml:3:54  listeners/1/tls/psk: no plugin provides keys for listener \"pumps\"; add one "
            "that does, such as auth-file with a file of keys (psk:)");
  EXPECT_EQ(findings[1].text, "no plugin that listener \"panels\" lists in authenticate provides keys");
}

TEST(PskCheck, while_running_warns_of_the_listener_whose_keys_have_gone) {
  Lines lines;
  warn_of_missing_psk(
      settings(), [](const auto&) { return true; }, lines);
  EXPECT_EQ(lines.all, "");
  warn_of_missing_psk(settings(), pumps_only, lines);
  EXPECT_EQ(lines.all,
            "listener.no_keys: mortise.yaml:4:77  listeners/2/tls/psk: no plugin that listener \"panels\" "
            "lists in authenticate provides keys; add one that does, such as auth-file with a file of keys "
            "(psk:)\n");
}

}  // namespace
}  // namespace mortise::app
