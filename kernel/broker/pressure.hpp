// How short memory is, as steps of what is shed; each includes those before it.
//
// Thread: any; the step is the same for all loops.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace mortise::broker {

enum class Pressure : std::uint8_t {
  none,
  slow_readers,  // QoS 0 to clients that do not keep up is dropped; none is kept for clients that are away
  new_sessions,  // clients without a session are turned away, and new subscriptions
  queues,        // the largest queues of clients that are away lose their oldest messages
  full,          // publishers are refused, or wait; those who are connected are shed, too
};

struct PressureStep {
  Pressure pressure;
  std::uint32_t percent;  // of the budget, from which on it is reached
  std::string_view what;
};
inline constexpr std::array<PressureStep, 4> pressure_steps{{
    {Pressure::slow_readers, 80, "QoS 0 messages to slow readers are dropped"},
    {Pressure::new_sessions, 90, "clients without a session and new subscriptions are turned away"},
    {Pressure::queues, 95, "the largest queues of clients that are away lose their oldest messages"},
    {Pressure::full, 100,
     "publishers are refused, or wait, all queues lose their oldest messages, and who holds most is "
     "disconnected"},
}};

// The step at `used` of `budget` bytes. One that was reached is left five percent below, so that it does not
// come and go.
constexpr Pressure pressure_at(std::uint64_t used, std::uint64_t budget, Pressure before) {
  Pressure now = Pressure::none;
  for (const PressureStep& step : pressure_steps) {
    const std::uint32_t percent = before >= step.pressure ? step.percent - 5 : step.percent;
    if (used < budget / 100 * percent) break;
    now = step.pressure;
  }
  return now;
}

}  // namespace mortise::broker
