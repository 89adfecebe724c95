// How sessions begin, are left, are found again and end.
//
// Thread: the home loop of each.
// Source: MQTT 5.0 §3.1.2.4 (clean start), §3.1.2.11.2 (session expiry), §4.1.
#pragma once

#include "broker/routing.hpp"
#include "broker/wills.hpp"

namespace mortise::broker {

class Sessions {
 public:
  Sessions(Core& core, Commits& commits, Delivery& delivery, Routing& routing, Wills& wills)
      : core_{core}, commits_{commits}, delivery_{delivery}, routing_{routing}, wills_{wills} {}

  // A session nobody had before. `stored` gives it a number; its record is the caller's to add.
  Session& create(std::string_view client_id, bool stored);
  // Ends it with all it owes. A will that still waits is sent.
  void discard(Session& session);
  // Its connection is gone. Ends it if its expiry interval is 0.
  void leave(Session& session);
  // Its expiry interval ran out.
  void expire(Session& session);
  // A connection found it: it does not expire for now.
  void resume(Session& session);

  // It is a member of one more group of a shared subscription.
  void join(Session& session, std::string_view filter, const Subscriber& subscriber);
  // Takes one subscription out, everywhere.
  bool unsubscribe(Session& session, std::string_view filter);

  // A session from the store; offline.
  Session& restore(const record::Session& stored);
  // After a restart nobody is connected.
  void start_offline(Session& session, std::int64_t expires_unix_ms);

  // The latest batch that ends a stored session; 0: none does.
  Ordinal last_end() const noexcept { return last_end_; }

  // For a session that ended while records of it were under way: some of them are durable now, or known.
  void on_progress(Session& session);

 private:
  Session& emplace(std::string_view client_id);
  void bury(Session& session);
  void arm(Session& session);
  void happened(EventKind kind, Session& session);

  Core& core_;
  Commits& commits_;
  Delivery& delivery_;
  Routing& routing_;
  Wills& wills_;
  Ordinal last_end_ = 0;
};

}  // namespace mortise::broker
