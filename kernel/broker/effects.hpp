// All a broker can ask of the loop it runs on. Data does not go through here:
// it waits in each client's output.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "broker/introduction.hpp"
#include "broker/ports.hpp"
#include "mqtt/encode.hpp"

namespace mortise::broker {

// A connection that has been authenticated and now goes to its session's home loop, with its unread bytes:
// the CONNECT packet is the first of them.
struct Move {
  ClientKey client;        // on the loop it leaves; gone from that broker already
  std::uint32_t loop = 0;  // where it goes
  const Listener* listener = nullptr;
  std::string address;
  Answer answer;         // the authenticator's
  mqtt::Buffer connect;  // the CONNECT packet, if AUTH packets came after it; else it is unread
  std::unique_ptr<Introduction> introduction;
};

struct Effects {
  std::vector<ClientKey> flush;   // has output that it had not at the last flush
  std::vector<ClientKey> close;   // write what is there, close, then tell on_lost
  std::vector<ClientKey> resume;  // feed its unread bytes again
  std::vector<Move> moves;
  std::uint64_t wake = 0;      // loops that have new letters, a bit each
  bool sheds_largest = false;  // memory is used up: find who holds most, and ask Broker::sheds

  bool empty() const noexcept {
    return flush.empty() && close.empty() && resume.empty() && moves.empty() && wake == 0 && !sheds_largest;
  }
  void clear() noexcept {
    flush.clear(), close.clear(), resume.clear(), moves.clear();
    wake = 0;
    sheds_largest = false;
  }
};

}  // namespace mortise::broker
