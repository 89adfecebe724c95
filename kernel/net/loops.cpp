#include "net/loops.hpp"

#include <pthread.h>
#include <signal.h>

namespace mortise::net {

namespace {

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

template <class Where>
base::Result<std::uint16_t, std::string> Loops::open_door(const broker::Listener& listener,
                                                          MakeFilters filters, LearnsAddress learns_address,
                                                          Where&& where) {
  Presence& present = present_.try_emplace(&listener, &around_.guests.all()).first->second;
  auto door = std::make_unique<Door>(listener, std::move(filters), std::move(learns_address), present);
  auto listening = listen_on(*door, std::forward<Where>(where));
  if (!listening) return base::Failure{listening.error()};
  doors_.push_back(std::move(door));
  const std::uint16_t port = listening->port;
  around_.loops.front()->open(std::move(*listening));
  return port;
}

base::Result<std::uint16_t, std::string> Loops::listen(const broker::Listener& listener,
                                                       const Endpoint& endpoint, MakeFilters filters,
                                                       LearnsAddress learns_address) {
  return open_door(listener, std::move(filters), std::move(learns_address), endpoint);
}

base::Result<std::uint16_t, std::string> Loops::listen_unix(const broker::Listener& listener,
                                                            const UnixEndpoint& endpoint, MakeFilters filters,
                                                            LearnsAddress learns_address) {
  return open_door(listener, std::move(filters), std::move(learns_address), endpoint);
}

base::Result<std::uint16_t, std::string> Loops::adopt(const broker::Listener& listener, Descriptor socket,
                                                      MakeFilters filters, LearnsAddress learns_address) {
  return open_door(listener, std::move(filters), std::move(learns_address), std::move(socket));
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

std::uint64_t Loops::bytes_read() const noexcept {
  std::uint64_t sum = 0;
  for (const auto& loop : around_.loops) sum += loop->connections().bytes_read();
  return sum;
}

std::uint64_t Loops::bytes_written() const noexcept {
  std::uint64_t sum = 0;
  for (const auto& loop : around_.loops) sum += loop->connections().bytes_written();
  return sum;
}

std::map<std::string, Loops::Attendance> Loops::attendance() const {
  std::map<std::string, Attendance> by_listener;
  for (const auto& [listener, present] : present_) by_listener[listener->name].open = present.count();
  for (const auto& door : doors_) by_listener[door->listener.name].accepted += door->accepted.value();
  return by_listener;
}

}  // namespace mortise::net
