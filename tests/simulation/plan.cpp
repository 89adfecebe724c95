#include "simulation/plan.hpp"

#include <array>

namespace mortise::simulation {

using broker::Rule;

namespace {
constexpr std::array<std::string_view, rules> names{"acknowledge_after_commit",
                                                    "pubcomp_after_erase",
                                                    "pubrel_after_pubrec_stored",
                                                    "connack_after_session",
                                                    "suback_after_subscription",
                                                    "gate_qos_2",
                                                    "one_publish_one_batch",
                                                    "erase_after_put",
                                                    "hand_on_after_put",
                                                    "message_outlives_deliveries",
                                                    "page_out_after_put",
                                                    "reserve_numbers",
                                                    "reserve_positions",
                                                    "connection_generation",
                                                    "repeat_joins_pending",
                                                    "retained_versions",
                                                    "stored_will",
                                                    "cancel_will_before_connack",
                                                    "store_time"};
}

std::string_view name_of(Rule rule) { return names[static_cast<std::size_t>(rule)]; }

std::optional<Rule> rule_named(std::string_view name) {
  for (std::size_t i = 0; i < names.size(); ++i)
    if (names[i] == name) return static_cast<Rule>(i);
  return {};
}

// One in four leans nowhere; the others take turns, so that each rule's trouble is in any stretch of seeds.
std::optional<Rule> leaning_of(std::uint64_t seed) {
  if (seed % 4 == 0) return {};
  return static_cast<Rule>((seed / 4 * 3 + seed % 4 - 1) % rules);
}

Plan::Plan(const Setup& setup, Random& random) {
  leaning = leaning_of(setup.seed);
  loops = random.percent(50) ? 3 : 1;
  clients = random.between(3, 7);
  steps = random.between(150, 700);
  store_lazy = random.between(5, 70);
  pending_answers = random.percent(30) ? 40 : 0;
  failing = random.percent(15) ? 8 : 0;
  if (random.percent(30)) options.on_failure = broker::Options::OnFailure::memory;
  intercepts = random.percent(30);
  receives = random.percent(30);
  options.inflight_maximum = static_cast<std::uint16_t>(random.percent(30) ? 3 : 64);
  options.receive_maximum = static_cast<std::uint16_t>(random.percent(30) ? 5 : 64);
  if (random.percent(10)) {
    options.queue_messages_max = random.between(5, 20);
    if (random.percent(50)) options.overflow = broker::Options::Overflow::drop_newest;
  }
  if (random.percent(30)) shares = 30;
  if (random.percent(60)) options.resident_max = random.percent(50) ? 0 : random.below(2000);
  if (leaning)
    lean(*leaning, random);
  else if (random.percent(10))
    store = false;
  if (setup.loops != 0) {
    loops = setup.loops;
    loops_change = false;
  }
  if (!store) crash = 0;
  options.acknowledge = {{{"m/#"}, broker::Level::memory}, {{"w/#"}, broker::Level::written}};
  options.acknowledge_default = broker::Level::synced;
  options.session_store = broker::Level::synced;
}

// Each rule's trouble, so that a run without the rule meets it soon.
void Plan::lean(Rule rule, Random& random) {
  failing = 0;
  options.queue_messages_max = 100'000;
  few_topics = 80;
  crash = 12, persistent = 95, clean_start = 3;
  steps = random.between(300, 900);
  store_lazy = random.between(20, 70);
  switch (rule) {
    case Rule::acknowledge_after_commit:
    case Rule::suback_after_subscription: crash = 20; break;
    case Rule::connack_after_session: crash = 30, clean_start = 40, lost = 60; break;
    case Rule::pubcomp_after_erase:
    case Rule::pubrel_after_pubrec_stored:
    case Rule::gate_qos_2:
    case Rule::repeat_joins_pending: qos_0 = 0, qos_1 = 5, retain = 5, short_session = 0; break;
    case Rule::one_publish_one_batch: loops = 3, qos_0 = 0, qos_1 = 10, clients = 6, retain = 5; break;
    case Rule::connection_generation:
      loops = 3, loops_change = false, qos_0 = 0, qos_1 = 80, take_over = 80, lost = 60, crash = 2,
      store_lazy = 80;
      break;
    case Rule::erase_after_put:
      loops = 3, qos_0 = 0, qos_1 = 90, crash = 5, store_lazy = 85, disconnect = 2;
      break;
    case Rule::hand_on_after_put:
      loops = 3, loops_change = false, shares = 70, version_5 = 100, clients = 7, qos_0 = 0, qos_1 = 20;
      lost = 60, clean_start = 10, crash = 10, store_lazy = 80, retain = 0;
      options.resident_max = broker::Options{}.resident_max;
      break;
    case Rule::message_outlives_deliveries: qos_0 = 0, qos_1 = 60, clients = 6, retain = 30, lost = 50; break;
    case Rule::page_out_after_put:
      loops = 3, loops_change = false, clients = 6, qos_0 = 0, qos_1 = 90, retain = 0, crash = 3;
      memory = written = 0, lost = 80, store_lazy = 85;
      options.resident_max = 0;
      break;
    case Rule::reserve_numbers: crash = 25, clean_start = 50, sweep = 3, lost = 50; break;
    case Rule::reserve_positions: crash = 25, qos_0 = 0, qos_1 = 5, memory = 70, receive_small = 0; break;
    case Rule::retained_versions:
      loops = 3, retain = 95, few_topics = 100, qos_0 = 40, clear = 30, memory = written = 0, long_wait = 15;
      whose_own = 10, message_expiry = 0;
      break;
    case Rule::stored_will: will = 100, take_over = 2; break;
    case Rule::cancel_will_before_connack: will = 100, crash = 20, lost = 60; break;
    case Rule::store_time: message_expiry = 60, crash = 15, clock_back = 90, long_wait = 40; break;
    case Rule::count: break;
  }
}

}  // namespace mortise::simulation
