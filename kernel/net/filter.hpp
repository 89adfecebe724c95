// What stands between a socket and the broker: TLS, WebSocket, the PROXY header.
//
// A filter is a pure function with memory: bytes in, bytes out, no socket, no clock. Any split of its input
// gives the same result, and it moves to another loop with its connection.
//
// Thread: its connection's loop.   Owns: what it keeps of a packet that is not whole.
// Fails:  with a sentence for the log; the connection then says what is in `down` and ends.
#pragma once

#include <span>
#include <string>

#include "base/result.hpp"
#include "mqtt/encode.hpp"
#include "mqtt/packet.hpp"

namespace mortise::net {

// What filters have learnt of who is at the other end. Empty: nothing.
struct Introduction {
  std::string address;   // the client's own, when a proxy is between; "10.0.0.17:50122"
  std::string identity;  // from its certificate or key
  std::string cipher;    // for people: "TLSv1.3 TLS_AES_256_GCM_SHA384"
};

class Filter {
 public:
  virtual ~Filter() = default;

  enum class Progress : std::uint8_t {
    goes_on,
    learnt,   // goes on, and introduction() has something new
    is_over,  // it has nothing more to do: those below and above may be joined (a PROXY header was read)
    ended,    // the peer has said its goodbye in this filter's own words
  };
  // Takes all of `bytes`. Appends what they mean to those above to `up`, and what has to be answered to
  // `down`.
  virtual base::Result<Progress, std::string> take(mqtt::Bytes bytes, mqtt::Buffer& up,
                                                   mqtt::Buffer& down) = 0;
  // Appends to `down` what carries `parts`, in order. Not before goes_on has been true with bytes in `up`,
  // which the broker answers.
  virtual void give(std::span<const mqtt::Bytes> parts, mqtt::Buffer& down) = 0;
  // Appends its last words: a close frame, close_notify.
  virtual void finish(mqtt::Buffer& down) = 0;
  virtual const Introduction& introduction() const = 0;
  // Bytes of memory it holds, for the account of connections.
  virtual std::size_t memory() const = 0;
};

}  // namespace mortise::net
