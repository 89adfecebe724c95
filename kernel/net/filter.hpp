// What stands between a socket and the broker: TLS, WebSocket, the PROXY header.
//
// A filter is a pure function with memory: bytes in, bytes out, no socket, no clock. Any split of its input
// gives the same result, and it moves to another loop with its connection. Several stand in a row, see Line.
//
// Thread: its connection's loop.   Owns: what it keeps of a packet that is not whole.
// Fails:  with a sentence for the log; the connection then says what is in `down` and ends.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "broker/introduction.hpp"
#include "mqtt/encode.hpp"
#include "mqtt/packet.hpp"
#include "net/address.hpp"

namespace mortise::net {

using broker::Introduction;

class Filter {
 public:
  virtual ~Filter() = default;

  enum class Progress : std::uint8_t {
    goes_on,
    learnt,   // goes on, and introduction() has something new
    is_over,  // it has nothing more to do: those below and above are joined (a PROXY header was read)
    ended,    // the peer has said its goodbye in this filter's own words
  };
  // Takes all of `bytes`. Appends what they mean to those above to `up`, and what has to be answered to
  // `down`. Of bytes that fail, `up` has what came before the fault. Not called after ended or a failure.
  virtual base::Result<Progress, std::string> take(mqtt::Bytes bytes, mqtt::Buffer& up,
                                                   mqtt::Buffer& down) = 0;
  // Appends to `down` what carries `parts`, in order. Those above have nothing to give before they were given
  // something.
  virtual void give(std::span<const mqtt::Bytes> parts, mqtt::Buffer& down) = 0;
  // Appends its last words: a close frame, close_notify; nothing when it has said them in take(), or before
  // there was anybody to hear them. Not called after a failure.
  virtual void finish(mqtt::Buffer& down) = 0;
  // Whether the failure was a question that has been answered, such as a health check's, and no fault.
  virtual bool is_harmless() const { return false; }
  // Whether it says who the peer is before anybody above it begins, and is over then.
  virtual bool names_peer() const { return false; }
  // Read after learnt and is_over; and after a fault or ended if it was not read before, since what came with
  // them may have begun with it.
  virtual const Introduction& introduction() const = 0;
  bool was_read = false;  // its introduction; for whoever reads it
  // Bytes of memory it holds, for the account of connections.
  virtual std::size_t memory() const = 0;
};

using Filters = std::vector<std::unique_ptr<Filter>>;  // from the socket up

// Makes the filters of one connection, on the loop it goes to: several loops at once.
using MakeFilters = std::function<Filters(const Peer& peer)>;

}  // namespace mortise::net
