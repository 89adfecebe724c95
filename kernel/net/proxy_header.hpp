// The PROXY header that a load balancer puts before a connection's own bytes: who the client really is.
//
// Thread: its connection's loop.   Owns: the header while it is not whole, at most four kibibytes.
// Fails:  for a header that is malformed, too long, missing where it is required, or from somebody who is not
//         trusted to send one. Nothing is answered: the other side is not listening for MQTT yet.
// Source: the PROXY protocol, versions 1 and 2 (HAProxy, 2020/03/05). TLVs other than PP2_TYPE_SSL say
//         nothing here; a checksum (PP2_TYPE_CRC32C) is passed over, TCP has one.
#pragma once

#include "net/filter.hpp"

namespace mortise::net {

class ProxyHeaderFilter final : public Filter {
 public:
  enum class Demand : std::uint8_t { optional, required };
  explicit ProxyHeaderFilter(Demand demand) : demand_{demand} {}

  base::Result<Progress, std::string> take(mqtt::Bytes bytes, mqtt::Buffer& up, mqtt::Buffer& down) override;
  void give(std::span<const mqtt::Bytes> parts, mqtt::Buffer& down) override;
  void finish(mqtt::Buffer&) override {}
  bool names_peer() const override { return true; }
  const Introduction& introduction() const override { return introduction_; }
  std::size_t memory() const override { return sizeof *this + header_.capacity(); }

 private:
  Demand demand_;
  mqtt::Buffer header_;
  Introduction introduction_;
};

// Ends whoever speaks: for a peer that has to be a trusted proxy and is none.
class ProxyRefusal final : public Filter {
 public:
  base::Result<Progress, std::string> take(mqtt::Bytes bytes, mqtt::Buffer& up, mqtt::Buffer& down) override;
  void give(std::span<const mqtt::Bytes>, mqtt::Buffer&) override {}
  void finish(mqtt::Buffer&) override {}
  const Introduction& introduction() const override { return introduction_; }
  std::size_t memory() const override { return sizeof *this; }

 private:
  Introduction introduction_;
};

// The filter for this peer; null: its bytes are its own. A Unix socket's peers are trusted: whoever may open
// it was let in by its mode.
std::unique_ptr<Filter> proxy_filter(ProxyHeaderFilter::Demand demand, const std::vector<Network>& proxies,
                                     const Peer& peer);

}  // namespace mortise::net
