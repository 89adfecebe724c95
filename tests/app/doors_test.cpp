// Which filters a listener's connections get, and networks that are none.
#include "app/doors.hpp"

#include <gtest/gtest.h>

#include "config/settings_reader.hpp"

namespace mortise::app {
namespace {

config::Settings settings_of(const std::string& listener) {
  auto reading = config::read_settings_text(
      "listeners: [{name: a, bind: \"127.0.0.1:1883\", " + listener + "}]\n", "mortise.yaml", {});
  for (const auto& finding : reading.findings) EXPECT_EQ(finding.to_text(), "");
  return std::move(reading.settings);
}

std::size_t filters_for(const std::string& listener, const char* peer) {
  const net::MakeFilters make = filters_of(settings_of(listener).listeners.at(0));
  return make ? make({net::Address::from(peer), 1}).size() : 0;
}

TEST(Doors, a_plain_listener_has_no_filters) {
  EXPECT_FALSE(filters_of(settings_of("transport: mqtt").listeners.at(0)));
}

TEST(Doors, a_connection_gets_what_its_listener_and_its_peer_ask_for) {
  const std::string proxies = "proxies: [10.0.0.0/8]";
  EXPECT_EQ(filters_for("transport: websocket", "192.0.2.1"), 1U);
  EXPECT_EQ(filters_for("proxy_protocol: required, " + proxies, "10.0.0.1"), 1U);
  EXPECT_EQ(filters_for("proxy_protocol: required, " + proxies, "192.0.2.1"), 1U);  // which refuses it
  EXPECT_EQ(filters_for("proxy_protocol: optional, " + proxies, "10.0.0.1"), 1U);
  EXPECT_EQ(filters_for("proxy_protocol: optional, " + proxies, "192.0.2.1"), 0U);
  EXPECT_EQ(filters_for("transport: websocket, proxy_protocol: optional, " + proxies, "10.0.0.1"), 2U);
}

TEST(Doors, networks_that_are_none_are_found) {
  const auto findings = check_networks(
      settings_of("proxy_protocol: optional, proxies: [10.0.0.0/8, proxy.example], transport: websocket, "
                  "websocket: {trusted_proxies: [10.0.0.0/99]}"));
  ASSERT_EQ(findings.size(), 2U);
  EXPECT_EQ(findings[0].text, "\"proxy.example\" is neither an address nor a network");
  EXPECT_EQ(findings[0].key, "listeners/0/proxies");
  EXPECT_EQ(findings[1].key, "listeners/0/websocket/trusted_proxies");
}

}  // namespace
}  // namespace mortise::app
