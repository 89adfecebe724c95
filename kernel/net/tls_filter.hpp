// TLS between a socket and those above, on the server's side.
//
// OpenSSL reads from the bytes it is given and writes to the buffer it is given, through a BIO that keeps
// nothing. Its own record buffers go as soon as they are empty, so an idle connection holds its keys and
// little else.
//
// Thread: its connection's loop; it moves with it.   Owns: its connection's state in OpenSSL.
// Cost:   about 14 KiB an idle connection, also with a certificate of the client's, which goes when its name is
//         known, and 17 more while a record is incomplete. What is given in small parts is joined to records
//         of up to 16 KiB.
// Fails:  with the reason in words; the alert for the peer is in `down` then.
// Source: RFC 5246, RFC 8446 §5, §6.
#pragma once

#include <memory>

#include "net/filter.hpp"
#include "net/tls_context.hpp"

struct bio_st;

namespace mortise::net {

class TlsFilter final : public Filter {
 public:
  explicit TlsFilter(std::shared_ptr<const TlsContext> context);
  ~TlsFilter() override;
  TlsFilter(const TlsFilter&) = delete;
  TlsFilter& operator=(const TlsFilter&) = delete;

  base::Result<Progress, std::string> take(mqtt::Bytes bytes, mqtt::Buffer& up, mqtt::Buffer& down) override;
  void give(std::span<const mqtt::Bytes> parts, mqtt::Buffer& down) override;
  void finish(mqtt::Buffer& down) override;
  const Introduction& introduction() const override { return introduction_; }
  std::size_t memory() const override;

  struct Wire;  // the BIO's two ends; its functions are in the .cpp

 private:
  base::Result<Progress, std::string> read_all(mqtt::Buffer& up);
  base::Result<Progress, std::string> introduce();
  void write(mqtt::Bytes bytes);

  enum class State : std::uint8_t { fresh, shaking_hands, open, over };

  std::shared_ptr<const TlsContext> context_;
  TlsRefusal refusal_;
  ssl_st* ssl_ = nullptr;
  std::unique_ptr<Wire> wire_;
  Introduction introduction_;
  State state_ = State::fresh;
};

}  // namespace mortise::net
