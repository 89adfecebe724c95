#include "app/watch.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <thread>

namespace mortise::app {

namespace {

constexpr auto between_statuses = std::chrono::seconds{5};
constexpr auto between_looks_at_loops = std::chrono::seconds{5};  // that no watchdog asks for
constexpr int feeds_a_watchdog = 4;                               // so that a loop may be late once or twice
constexpr auto longest_work = std::chrono::minutes{5};
constexpr base::Duration shortest_feed = std::chrono::milliseconds{1};

}  // namespace

Watch::Watch(Assembly& broker, ServiceManager& manager, base::TimePoint now)
    : broker_{broker}, manager_{manager}, told_at_{now} {}

void Watch::begin(Errands& errands, base::TimePoint now) {
  manager_.ready();
  tell_status(now);
  if (manager_.listens())
    errands.every(between_statuses, now, [this](base::TimePoint at) { tell_status(at); });
  const bool feeds = manager_.watchdog() > base::Duration::zero();
  errands.every(
      feeds ? std::max(manager_.watchdog() / feeds_a_watchdog, shortest_feed) : between_looks_at_loops, now,
      [this](base::TimePoint) { look_at_loops(); });
}

void Watch::feed_during(const std::function<void()>& work) {
  if (manager_.watchdog() == base::Duration::zero()) return work();
  const base::Duration period = std::max(manager_.watchdog() / feeds_a_watchdog, shortest_feed);
  std::mutex mutex;
  std::condition_variable_any changed;
  std::jthread feeder{[&](const std::stop_token& over) {
    const auto give_up = std::chrono::steady_clock::now() + longest_work;
    std::unique_lock lock{mutex};
    while (!changed.wait_for(lock, over, period, [&] { return over.stop_requested(); }) &&
           std::chrono::steady_clock::now() < give_up)
      look_at_loops();
  }};
  work();
}

void Watch::tell_status(base::TimePoint now) {
  const Traffic traffic = broker_.traffic();
  manager_.status(to_text(traffic, told_, now - told_at_));
  told_ = traffic;
  told_at_ = now;
  log_complaints();
}

// A loop that hangs starves the watchdog, and the service manager starts the broker anew.
void Watch::look_at_loops() {
  const auto missing = broker_.find_missing_turn();
  const bool feeds = manager_.watchdog() > base::Duration::zero();
  if (!missing && feeds) manager_.feed();
  const std::string hanging = missing
                                  ? "loop-" + std::to_string(*missing) +
                                        " takes no turn, and its clients wait: " + broker_.holder_of(*missing)
                                  : "";
  if (missing && hanging != hanging_)
    write(broker::LogLevel::warning, "loop.hangs",
          hanging + (feeds ? "; the watchdog is not fed until it goes on" : ""));
  if (!missing && !hanging_.empty())
    write(broker::LogLevel::notice, "loop.goes_on",
          feeds ? "all loops take turns again, and the watchdog is fed" : "all loops take turns again");
  hanging_ = hanging;
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
