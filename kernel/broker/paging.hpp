// Queues larger than memory: what waits in stored sessions leaves memory when there is too much of it, and
// is read back in pages when it is to be sent. Number, size, expiry and class stay, in a stub.
//
// A body that left is in the store, so the broker reads it there and nowhere else. While the store fails
// nothing leaves.
//
// Thread: the loop.   Owns: nothing.
// Cost:   for a queue that stays in memory one comparison; to page out, one lock and a stub a message.
// Fails:  never; a body the store does not have any more is marked, and dropped when it is its turn.
// Source: Rule::page_out_after_put.
#pragma once

#include "broker/core.hpp"

namespace mortise::broker {

class Paging {
 public:
  explicit Paging(Core& core) : core_{core} {}

  // Lets bodies go while there are more bytes of messages in memory than Options::resident_max. What a
  // connected client gets next is kept at hand.
  void page_out(Session& session) {
    if (session.paged_to < end_of(session) && has_to()) page_out_some(session);
  }

  // Asks for what is to be sent next, unless an answer is on its way.
  void ask(Session& session);

  // Puts the bodies back where they are still wanted.
  void put_back(Session& session, const Page& page);

 private:
  static Position end_of(const Session& session);
  bool has_to() const;
  void page_out_some(Session& session);
  void tell_lost(const Session& session, std::size_t count);
  bool page_out_of(Session& session, base::Queue<Waiting>& queue, std::size_t from, Position end,
                   std::size_t& left);

  Core& core_;
};

}  // namespace mortise::broker
