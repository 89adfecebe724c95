// Deferred answers that are still owed: tokens, each answered once, by whom it is given, or by its deadline.
//
// A token is first held by the call that took it; commit() says that the hook returned PENDING. From then on
// exactly one of answer(), the deadline, cancel() and cancel_all() settles it.
//
// Thread: any.   Owns: who is to be told.   Cost: one lock; an alarm of the clock for each token.
// Fails:  a token that is answered, expired, cancelled or made up finds nothing.
#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/slot_map.hpp"
#include "base/time.hpp"
#include "host/alarm_clock.hpp"
#include "host/said.hpp"

namespace mortise::host {

struct Instance;

// How a token ended.
struct Settled {
  enum Why : std::uint8_t { answered, expired, drained, client_gone };
  Why why = answered;
  bool given = false;  // to the plugin. One that a strand holds for it is not, until the hook asks for it
};

class Tokens {
 public:
  // Called once, without a lock, on whatever thread settled the token.
  using Tell = std::function<void(Settled, Said)>;

  explicit Tokens(AlarmClock& clock) : clock_{clock} {}

  mortise_token_t open(const Instance& owner, base::TimePoint deadline);
  // The plugin asks for it, and may wish for a nearer deadline; a later one changes nothing. False: it is
  // settled already, and the plugin will hear no more of it.
  bool give(mortise_token_t token, base::TimePoint wished);
  // The hook has returned PENDING. The answer, if it came before that; then `tell` is not called.
  std::optional<Said> commit(mortise_token_t token, Tell tell);
  // The hook has returned something else: the token is void.
  void abandon(mortise_token_t token);
  // False: too late, or not this owner's.
  bool answer(const Instance& owner, mortise_token_t token, Said said);
  // Whether somebody still waits for it.
  bool is_open(mortise_token_t token);
  // Settles it for want of a client.
  void cancel(mortise_token_t token);
  // Settles all that an instance still owes.
  void cancel_all(const Instance& owner);
  std::size_t open_of(const Instance& owner);

 private:
  struct Owed {
    const Instance* owner = nullptr;
    base::TimePoint deadline{};
    AlarmClock::Id alarm = 0;
    bool committed = false;
    bool given = false;
    std::optional<Said> early;
    Tell tell;
  };
  using Key = base::SlotMap<Owed>::Key;
  void expire(Key key);
  void erase(Key key);

  AlarmClock& clock_;
  std::mutex mutex_;
  base::SlotMap<Owed> owed_;
  std::unordered_map<const Instance*, std::size_t> open_;
};

}  // namespace mortise::host
