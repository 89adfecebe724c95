// What an idle TLS connection holds, counted by the allocator; TlsFilter::memory() says the same.
#include <gtest/gtest.h>
#include <malloc.h>

#include "net/tls_filter.hpp"
#include "net/tls_peer.hpp"

namespace mortise::net {
namespace {

using testing::TlsAuthority;
using testing::TlsPeer;

constexpr int connections = 200;
constexpr std::size_t idle_max = 16 * 1024;

// The client's side must not be counted: each is gone before the next filter is made, and what the allocator
// kept of it is not in use.
std::size_t bytes_in_use() { return ::mallinfo2().uordblks; }

void measure(TlsAuthority& authority, const TlsSettings& settings, TlsPeer::Choices choices) {
  const auto context = TlsContext::load(settings).context;
  ASSERT_TRUE(context);
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    choices.lowest = choices.highest = version;
    std::vector<std::unique_ptr<TlsFilter>> filters;
    filters.reserve(connections);
    std::size_t before = 0;
    for (int i = 0; i < connections; ++i) {
      if (i == 1) before = bytes_in_use();  // OpenSSL looks things up once
      auto filter = std::make_unique<TlsFilter>(context);
      TlsPeer peer{authority.certificate(), choices};
      for (int flight = 0; flight < 4; ++flight) {
        mqtt::Buffer up, down;
        ASSERT_TRUE(filter->take(peer.sent(), up, down));
        ASSERT_TRUE(peer.take(down));
      }
      mqtt::Buffer up, down;
      peer.send("a ping");
      ASSERT_TRUE(filter->take(peer.sent(), up, down));
      const mqtt::Bytes answer[]{{up.data(), up.size()}};
      filter->give(answer, down);
      filters.push_back(std::move(filter));
    }
    const std::size_t each = (bytes_in_use() - before) / (connections - 1);
    EXPECT_LE(each, idle_max);
    EXPECT_NEAR(static_cast<double>(each), static_cast<double>(filters.back()->memory()), 4096) << version;
    std::printf("%s, %s certificate: %zu bytes an idle connection\n",
                version == TLS1_2_VERSION ? "TLS 1.2" : "TLS 1.3",
                choices.certificate   ? "a client's"
                : choices.psk.empty() ? "no client's"
                                      : "a key and no",
                each);
  }
}

TEST(TlsMemory, an_idle_connection_holds_at_most_16_kib_with_a_certificate_too) {
#ifdef MORTISE_SANITIZED
  GTEST_SKIP() << "the sanitizer's allocator counts otherwise";
#endif
  TlsAuthority authority;
  const auto server = authority.issue("server", {"broker.example"});
  const auto pump = authority.issue("pump", {"pump-7"});
  TlsSettings settings;
  settings.pairs.push_back({authority.file("server.pem"), authority.file("server.key")});
  measure(authority, settings, {});
  settings.verify = TlsSettings::Verify::required;
  settings.client_ca = authority.ca_file();
  settings.identity = TlsSettings::Identity::common_name;
  TlsPeer::Choices choices;
  choices.certificate = &pump;
  measure(authority, settings, choices);
}

TEST(TlsMemory, nor_does_one_with_a_key_of_its_own_hold_more) {
#ifdef MORTISE_SANITIZED
  GTEST_SKIP() << "the sanitizer's allocator counts otherwise";
#endif
  TlsAuthority authority;
  TlsPeer::Choices choices;
  choices.psk_identity = "pump-7";
  choices.psk = std::string(32, 'k');
  TlsSettings settings;
  settings.psk.emplace();
  settings.psk->names_client = true;
  settings.psk->find = [&choices](std::string_view, broker::PskKey& key) {
    key.set({reinterpret_cast<const std::uint8_t*>(choices.psk.data()), choices.psk.size()});
    return broker::PskAnswer{broker::PskAnswer::Outcome::found, {}};
  };
  measure(authority, settings, choices);
}

}  // namespace
}  // namespace mortise::net
