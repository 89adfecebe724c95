// What kind of run a seed makes: how many loops and clients, and how often each kind of trouble comes.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "broker/options.hpp"
#include "broker/rules.hpp"
#include "simulation/random.hpp"

namespace mortise::simulation {

inline constexpr int rules = static_cast<int>(broker::Rule::count);
std::string_view name_of(broker::Rule rule);
std::optional<broker::Rule> rule_named(std::string_view name);
// The rule whose trouble the seed's run leans towards; none: no rule's.
std::optional<broker::Rule> leaning_of(std::uint64_t seed);

// What the command line may fix.
struct Setup {
  std::uint64_t seed = 1;
  std::uint32_t loops = 0;  // at the first start; 0: by the seed
  std::optional<broker::Rule> without;
  bool trace = false;
};

// A run leans towards the trouble in which one rule matters; every tenth and more towards none.
struct Plan {
  explicit Plan(const Setup& setup, Random& random);

  std::optional<broker::Rule> leaning;
  std::uint32_t loops = 1;
  bool loops_change = true;  // a restart may have another number of loops
  bool store = true;
  std::uint32_t clients = 5;
  std::uint32_t steps = 400;
  broker::Options options;

  // Shares in percent.
  std::uint32_t persistent = 70;     // clients with a session that outlives its connection
  std::uint32_t short_session = 10;  // of those, clients whose session expires after seconds
  std::uint32_t version_5 = 60;
  std::uint32_t will = 25;
  std::uint32_t retain = 15;
  std::uint32_t clear = 20;                 // of the retained publishes
  std::uint32_t qos_0 = 15, qos_1 = 40;     // the rest is QoS 2
  std::uint32_t memory = 15, written = 20;  // topics' classes; the rest is synced
  std::uint32_t message_expiry = 5;
  std::uint32_t large = 5;  // payloads that are sent by reference
  std::uint32_t clean_start = 15;
  std::uint32_t few_topics = 30;
  std::uint32_t whose_own = 50;                      // of the topics, those with one publisher
  std::uint32_t power_cut = 40;                      // of the crashes
  std::uint32_t clock_back = 20, clock_forward = 5;  // of the restarts
  std::uint32_t receive_small = 30;                  // clients with a small receive maximum
  std::uint32_t store_lazy = 30;                     // how seldom the store does anything
  std::uint32_t pending_answers = 0;
  bool intercepts = false, receives = false;  // what else plugins are attached to
  std::uint32_t packet_small = 15;            // 5.0 clients with a small maximum packet size
  std::uint32_t several_filters = 25;         // of the SUBSCRIBE and UNSUBSCRIBE packets
  std::uint32_t shares = 0;                   // of the topics and, in 5.0, of the SUBSCRIBE packets
  std::uint32_t sweep = 20;                   // how often the store sweeps after ended sessions

  // Shares in a thousand steps.
  std::uint32_t crash = 8;
  std::uint32_t lost = 25;
  std::uint32_t take_over = 8;
  std::uint32_t failing = 0;
  std::uint32_t disconnect = 10;
  std::uint32_t long_wait = 6;
  std::uint32_t unsubscribe = 8;

 private:
  void lean(broker::Rule rule, Random& random);
};

}  // namespace mortise::simulation
