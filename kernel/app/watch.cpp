#include "app/watch.hpp"

#include <algorithm>
#include <chrono>

namespace mortise::app {

namespace {

constexpr auto between_statuses = std::chrono::seconds{5};
constexpr int feeds_a_watchdog = 4;  // so that a loop may be late once or twice
constexpr base::Duration shortest_feed = std::chrono::milliseconds{1};

}  // namespace

Watch::Watch(Assembly& broker, ServiceManager& manager, base::TimePoint now)
    : broker_{broker}, manager_{manager}, told_at_{now} {}

void Watch::begin(Errands& errands, base::TimePoint now) {
  manager_.ready();
  tell_status(now);
  if (manager_.listens())
    errands.every(between_statuses, now, [this](base::TimePoint at) { tell_status(at); });
  if (manager_.watchdog() > base::Duration::zero())
    errands.every(std::max(manager_.watchdog() / feeds_a_watchdog, shortest_feed), now,
                  [this](base::TimePoint) { feed(); });
}

void Watch::tell_status(base::TimePoint now) {
  const Traffic traffic = broker_.traffic();
  manager_.status(to_text(traffic, told_, now - told_at_));
  told_ = traffic;
  told_at_ = now;
  log_complaints();
}

// A loop that hangs starves the watchdog, and the service manager starts the broker anew.
void Watch::feed() {
  const auto missing = broker_.find_missing_turn();
  if (!missing) manager_.feed();
  if (missing && !is_starving_)
    write(broker::LogLevel::warning, "service_manager.not_fed",
          "the watchdog is not fed: loop-" + std::to_string(*missing) +
              " takes no turn; a plugin that blocks it would be the reason");
  if (!missing && is_starving_)
    write(broker::LogLevel::notice, "service_manager.fed",
          "all loops take turns again, and the watchdog is fed");
  is_starving_ = missing.has_value();
  log_complaints();
}

void Watch::log_complaints() {
  for (const std::string& complaint : manager_.take_complaints())
    write(broker::LogLevel::warning, "service_manager.not_told", complaint);
}

void Watch::write(broker::LogLevel level, std::string_view event, const std::string& text) {
  if (broker_.log().wants(level, "kernel")) broker_.log().write(level, "kernel", event, text, nullptr, {});
}

}  // namespace mortise::app
