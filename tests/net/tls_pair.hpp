// A TLS filter and a client before it, who talk in memory, and the certificates both need.
//
// Thread: any one.   Owns: certificates on the disk, until the process ends.
#pragma once

#include <gtest/gtest.h>

#include "net/tls_filter.hpp"
#include "net/tls_peer.hpp"

namespace mortise::net {

using testing::Issued;
using testing::TlsAuthority;
using testing::TlsPeer;
using Verify = TlsSettings::Verify;
using Identity = TlsSettings::Identity;
using Progress = Filter::Progress;

inline mqtt::Bytes bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string text_of(const mqtt::Buffer& bytes) { return {bytes.begin(), bytes.end()}; }

// One authority for all tests; making keys takes time.
struct World {
  TlsAuthority authority;
  TlsAuthority stranger{"Another Authority"};
  Issued server = authority.issue("server", {"broker.example", {"DNS:broker.example"}});
  Issued other = authority.issue("other", {"other.example", {"DNS:*.other.example", "DNS:other.example"}});
  Issued other_rsa =
      authority.issue("other_rsa", {"other.example", {"DNS:other.example"}, -3600, 24 * 3600, true});
  Issued pump = authority.issue("pump", {"pump-7", {"URI:urn:pump:7", "DNS:pump-7.example"}});
  Issued nameless = authority.issue("nameless", {""});
  Issued expired = authority.issue("expired", {"old-pump", {}, -7200, -60});
  Issued forged = stranger.issue("forged", {"pump-7"});
};
inline World& world() {
  static World made;
  return made;
}

inline TlsSettings settings() {
  TlsSettings made;
  made.listener = "public";
  made.pairs.push_back({world().authority.file("server.pem"), world().authority.file("server.key")});
  made.protocols = {"mqtt"};
  return made;
}
inline TlsSettings mutual(Verify verify = Verify::required, Identity identity = Identity::common_name) {
  TlsSettings made = settings();
  made.client_ca = world().authority.ca_file();
  made.verify = verify;
  made.identity = identity;
  return made;
}

inline std::shared_ptr<const TlsContext> context_of(const TlsSettings& chosen) {
  const auto loading = TlsContext::load(chosen);
  for (const TlsFinding& finding : loading.findings) ADD_FAILURE() << finding.to_text("public");
  return loading.context;
}

// A filter and what it says, with a client before it.
struct Pair {
  explicit Pair(std::shared_ptr<const TlsContext> context, const TlsPeer::Choices& choices = {})
      : filter{std::move(context)}, peer{world().authority.certificate(), choices} {}

  // In pieces of so many bytes. False: the filter refused.
  bool to_server(const mqtt::Buffer& bytes, std::size_t piece) {
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
      const mqtt::Bytes part = mqtt::Bytes{bytes}.subspan(at, std::min(piece, bytes.size() - at));
      const auto progress = filter.take(part, up, down);
      if (!progress) {
        failure = progress.error();
        return false;
      }
      learnt += *progress == Progress::learnt;
      ended = ended || *progress == Progress::ended;
    }
    return true;
  }
  bool to_client() { return peer.take(std::exchange(down, {})); }
  // Back and forth until nobody has anything to say.
  bool talk(std::size_t piece = 1 << 20) {
    for (int i = 0; i < 20; ++i) {
      const mqtt::Buffer said = peer.sent();
      const bool taken = to_server(said, piece);
      const bool heard = to_client();
      if (!taken || !heard) return false;
      if (said.empty()) return true;
    }
    return false;
  }

  TlsFilter filter;
  TlsPeer peer;
  mqtt::Buffer up, down;
  std::string failure;
  int learnt = 0;
  bool ended = false;
};

inline TlsPeer::Choices speaking(int version) {
  TlsPeer::Choices choices;
  choices.lowest = choices.highest = version;
  return choices;
}

}  // namespace mortise::net
