// The broker's port to plugins: decisions, happenings, the end of what an authenticator had kept.
//
// Thread: each loop for itself; begin_turn and end_turn around a turn.
// Owns:   what happened in the turn under way, a loop each.
// Cost:   begin_turn is one atomic load while nothing changes; end_turn one branch when nothing happened.
//         A call that a plugin passes at once: authorise 789 instructions, intercept 747, as callgrind counts
//         them for mortise-hook-cost. No plugin attached: one branch, in the broker.
#pragma once

#include <memory>
#include <vector>

#include "base/ring.hpp"
#include "broker/ports.hpp"
#include "host/event_batch.hpp"
#include "host/hook_set.hpp"
#include "mortise/abi/answer.h"

namespace mortise::host {

struct Innards;

class HookPort : public broker::Hooks {
 public:
  HookPort(Innards& inside, std::uint32_t loops);

  void begin_turn(std::uint32_t loop);
  void end_turn(std::uint32_t loop);

  // The loop whose turn this thread is in, or MORTISE_NO_LOOP; and what that turn asks, else the newest.
  static std::uint32_t loop_of_this_thread() noexcept { return loop_of_this_thread_; }
  std::shared_ptr<const HookSet> set_of_this_thread() const;

  const Wanted& wanted(std::uint32_t loop) const override { return turns_[loop].set->wanted; }
  broker::Answer accept(const broker::ClientFacts& peer, base::Now now) override;
  broker::Answer intercept_connect(const broker::ClientFacts& client, const mqtt::Connect& connect,
                                   broker::Question question, base::Now now) override;
  broker::Answer authenticate(const broker::ClientFacts& client, const mqtt::Connect& connect,
                              broker::Question question, base::Now now) override;
  broker::Answer exchange(const broker::ClientFacts& client, const broker::Exchange& step,
                          broker::Question question, base::Now now) override;
  broker::Answer authorise(const broker::ClientFacts& client, const broker::Access& access,
                           broker::Question question, base::Now now) override;
  broker::Answer intercept_publish(const broker::ClientFacts& client, const broker::MessageRef& message,
                                   broker::Question question, base::Now now) override;
  broker::Answer intercept_will(const broker::ClientFacts& client, const broker::MessageRef& message,
                                base::Now now) override;
  void cancel(const broker::Question& question) override;
  void kept(std::uint32_t loop, std::uint64_t ticket) override;
  void forget(std::uint32_t loop, std::uint64_t plugin_data) override;
  void happened(const broker::Event& event, std::uint32_t loop, base::Now now) override;

 private:
  struct alignas(base::cache_line) Turn {
    std::shared_ptr<const HookSet> set;
    std::shared_ptr<EventBatch> batch;
    std::vector<std::uint64_t> forgotten;  // told after the events, which may still show the word
  };
  void show_events(Turn& turn, std::uint32_t loop);

  static inline constinit thread_local std::uint32_t loop_of_this_thread_ = MORTISE_NO_LOOP;

  Innards& in_;
  std::vector<Turn> turns_;
};

}  // namespace mortise::host
