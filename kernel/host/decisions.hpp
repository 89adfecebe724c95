// Asking the plugins of a chain in order, now or later.
//
// Thread: ask() on the loop whose broker asks; a later answer comes back to that loop as a task of its own.
// Cost:   a plugin that answers at once costs its views, its call and no allocation.
// Fails:  never towards the broker: what a plugin does wrong is counted as its fault and its fallback
//         answers.
// Source: mortise/abi/answer.h.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/ring.hpp"
#include "base/time.hpp"
#include "broker/ports.hpp"
#include "host/saved_question.hpp"
#include "host/tokens.hpp"
#include "mortise/abi/host.h"

namespace mortise::broker {
class Broker;
}

namespace mortise::host {

struct Innards;
class ClientView;

// What mortise_call_t.context points to.
struct CallContext {
  // Written out: the implicit one clears all the room for what is said, a fifth of what a hook's call takes.
  explicit CallContext(Instance& of_whom, std::optional<Point> about = {})
      : instance{&of_whom}, point{about} {}

  Instance* instance;
  std::optional<Point> point;  // none: start, drain or a verb
  base::TimePoint deadline{};  // of a token that is made in this call
  mortise_token_t token{};
  bool token_is_taken = false;  // by this call; or by the host for it, on a strand
  std::optional<Said> said;     // by reply(); made by who replies only, since it is large

  static CallContext& of(mortise_call_t* call) noexcept { return *static_cast<CallContext*>(call->context); }
};

// reply() and defer() of mortise_host_t.
mortise_answer_t reply_in(mortise_call_t* call, mortise_answer_t answer,
                          const mortise_verdict_t* verdict) noexcept;
mortise_status_t defer_in(mortise_call_t* call, std::uint32_t deadline_ms, mortise_token_t* token) noexcept;

class Decisions {
 public:
  Decisions(Innards& inside, std::uint32_t loops) : in_{inside}, waiting_(loops) {}

  // `change` comes with what is left of the message when everybody was asked.
  broker::Answer ask(const Asked& asked, broker::Question question, const std::shared_ptr<const HookSet>& set,
                     base::Now now);
  // The client of a question has gone, on its loop: the plugin that owes the answer is told.
  void cancel(const broker::Question& question);

 private:
  using Link = HookSet::Link;
  struct Turn;

  broker::Answer ask_from(std::size_t place, Turn& turn);
  static bool was_asked(const Link& link, std::size_t place, const Turn& turn);
  static bool leads_on(broker::Answer& answer, std::size_t place, Turn& turn);
  // What one plugin says; nothing when it passes, which costs no answer; pending: it will answer later.
  std::optional<broker::Answer> ask_one(const Link& link, std::size_t place, Turn& turn);
  mortise_answer_t call(const Link& link, mortise_call_t& call, Turn& turn);
  void ask_on_strand(const Link& link, std::size_t place, Turn& turn);
  broker::Answer wait(const Link& link, std::size_t place, CallContext& context, Turn& turn);
  broker::Answer understand(const Link& link, Point point, Said said);
  broker::MessageRef fresh_message(Instance& instance, Said& said);

  void settled(const std::shared_ptr<SavedQuestion>& saved, mortise_token_t token, Settled how, Said said);
  void go_on(const std::shared_ptr<SavedQuestion>& saved, Settled how, Said said, broker::Broker& broker);
  broker::Answer ask_the_rest(const std::shared_ptr<SavedQuestion>& saved, broker::Answer answer,
                              bool was_asked);
  void say_cancelled(const SavedQuestion& saved, mortise_token_t token, Settled how);

  // The token each client of one loop waits for, by the client's key; touched on that loop only.
  struct alignas(base::cache_line) Waiting {
    std::unordered_map<std::uint64_t, mortise_token_t> tokens;
  };

  Innards& in_;
  std::vector<Waiting> waiting_;
};

}  // namespace mortise::host
