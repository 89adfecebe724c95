#include "net/loops.hpp"

#include <pthread.h>
#include <signal.h>

#include <future>

namespace mortise::net {

namespace {

constexpr auto hold_patience = std::chrono::seconds{10};  // for a loop that a plugin blocks

// Threads inherit the mask of the one that starts them.
class SignalsHeldBack {
 public:
  SignalsHeldBack() {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsHeldBack() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsHeldBack(const SignalsHeldBack&) = delete;
  SignalsHeldBack& operator=(const SignalsHeldBack&) = delete;

 private:
  sigset_t before_;
};

}  // namespace

Loops::Loops(broker::Shared& shared, LoopsOptions options)
    : around_{shared, Clock{options.latest_stored}, options.observer, Guests{options.limits}} {
  for (std::uint32_t i = 0; i < shared.loops(); ++i)
    around_.loops.push_back(std::make_unique<Loop>(around_, i));
}

Loops::~Loops() { stop(base::Duration::zero()); }

std::unique_ptr<Door> Loops::make_door(const broker::Listener& listener, MakeFilters filters,
                                       LearnsAddress learns_address) {
  const std::lock_guard lock{mutex_};
  Presence& present = present_.try_emplace(listener.name, &around_.guests.all()).first->second;
  return std::make_unique<Door>(listener, std::move(filters), std::move(learns_address), present);
}

base::Result<Entrance, std::string> Loops::bind(std::unique_ptr<Door> door, const Endpoint& endpoint,
                                                std::span<const Door* const> yielding) {
  return listen_on(std::move(door), endpoint, yielding);
}

base::Result<Entrance, std::string> Loops::bind(std::unique_ptr<Door> door, const UnixEndpoint& endpoint) {
  return listen_on(std::move(door), endpoint);
}

base::Result<Entrance, std::string> Loops::bind(std::unique_ptr<Door> door, Descriptor socket) {
  return listen_on(std::move(door), std::move(socket));
}

Door& Loops::keep(std::unique_ptr<Door> door) {
  const std::lock_guard lock{mutex_};
  return *doors_.emplace_back(std::move(door));
}

Door& Loops::open(Entrance entrance) {
  Door& door = keep(std::move(entrance.door));
  around_.loops.front()->open({std::move(entrance.listening), &door});
  return door;
}

Door& Loops::replace(Door& door, std::unique_ptr<Door> by) {
  by->socket = door.socket;
  Door& next = keep(std::move(by));
  around_.loops.front()->replace(door, next);
  return next;
}

// Loop 0 has dealt out whom it accepted, or never will, when the others are told to close.
void Loops::close(Door& door, std::optional<std::string> farewell) {
  if (farewell) door.listener.is_closed.store(true, std::memory_order_relaxed);
  around_.loops.front()->close(door, farewell.has_value());
  if (!farewell) return;
  around_.loops.front()->post([this, &door, farewell = *std::move(farewell)](broker::Broker&) {
    for (const auto& loop : around_.loops)
      loop->post([&door, farewell](broker::Broker& broker) {
        broker.close_listener(door.listener, mqtt::ReasonCode::administrative_action, farewell);
      });
  });
}

void Loops::hold_doors() {
  std::promise<void> is_held;
  const std::future<void> held = is_held.get_future();
  around_.loops.front()->hold(true);
  around_.loops.front()->post([told = std::make_shared<std::promise<void>>(std::move(is_held))](
                                  broker::Broker&) { told->set_value(); });
  held.wait_for(hold_patience);
}

void Loops::release_doors() { around_.loops.front()->hold(false); }

base::Result<std::uint16_t, std::string> Loops::listen(const broker::Listener& listener,
                                                       const Endpoint& endpoint, MakeFilters filters,
                                                       LearnsAddress learns_address) {
  auto entrance = bind(make_door(listener, std::move(filters), std::move(learns_address)), endpoint);
  if (!entrance) return base::Failure{entrance.error()};
  const std::uint16_t port = entrance->listening.port;
  open(std::move(*entrance));
  return port;
}

void Loops::renew_options(const GuestLimits& limits) {
  around_.guests.set_limits(limits);
  for (const auto& loop : around_.loops) loop->renew_options();
}

void Loops::start() {
  const SignalsHeldBack held_back;
  for (std::uint32_t i = 0; i < around_.loops.size(); ++i) {
    threads_.emplace_back([this, i] { around_.loops[i]->run(); });
    ::pthread_setname_np(threads_.back().native_handle(), ("loop-" + std::to_string(i)).c_str());
  }
}

void Loops::stop(base::Duration grace) {
  if (std::exchange(stopped_, true)) return;
  const base::TimePoint until = around_.clock.now().monotonic + grace;
  for (const auto& loop : around_.loops) loop->stop(until);
  for (std::thread& thread : threads_) thread.join();
}

void Loops::wake_all() {
  for (const auto& loop : around_.loops) loop->wake();
}

std::uint64_t Loops::bytes_read() const {
  std::uint64_t sum = 0;
  for (const auto& [listener, attendance] : this->attendance()) sum += attendance.bytes_in();
  return sum;
}

std::uint64_t Loops::bytes_written() const {
  std::uint64_t sum = 0;
  for (const auto& [listener, attendance] : this->attendance()) sum += attendance.bytes_out();
  return sum;
}

std::map<std::string, Loops::Attendance> Loops::attendance() const {
  std::map<std::string, Attendance> by_listener;
  const std::lock_guard lock{mutex_};
  for (const auto& door : doors_) {
    Attendance& attendance = by_listener[door->listener.name];
    attendance.accepted += door->accepted.value();
    attendance.open = door->presence.count();
    attendance.traffic = door->listener.traffic;
  }
  return by_listener;
}

}  // namespace mortise::net
