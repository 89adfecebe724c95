// The loops of a broker and their threads: where clients connect to, how they start, how they stop.
//
// Thread: the constructing thread's, save post, wake_all and the counters: any.
// Owns:   loops, brokers, threads.
// Fails:  the constructor and start throw std::system_error when the system has no descriptors or threads
//         left.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "net/listening.hpp"
#include "net/loop.hpp"

namespace mortise::net {

struct LoopsOptions {
  GuestLimits limits;
  base::WallTime latest_stored{};    // the latest stamp in the store, see Clock
  TurnObserver* observer = nullptr;  // may be null; outlives the loops
};

class Loops {
 public:
  // One loop for each that `shared` is made for; it outlives this.
  Loops(broker::Shared& shared, LoopsOptions options);
  ~Loops();  // stops at once if nobody has stopped it
  Loops(const Loops&) = delete;
  Loops& operator=(const Loops&) = delete;

  // For Restorer: before start(), and after stop().
  broker::Broker& broker(std::uint32_t loop) { return around_.loops[loop]->broker(); }

  // What the loops' clock says, for the turn in which a broker is filled before start().
  base::Now now() const { return around_.clock.now(); }

  // ---- doors. The listener of one outlives this. Listeners of one name count their connections together.
  // A door without a socket. `filters`: what stands between its sockets and the broker; empty: nothing.
  // `learns_address`: for which peers it will tell another address; empty: for none.
  std::unique_ptr<Door> make_door(const broker::Listener& listener, MakeFilters filters = {},
                                  LearnsAddress learns_address = {});
  // Binds its socket: whoever connects waits for open(). At an endpoint that overlaps with those of
  // `yielding`, too, which are to be closed then.
  static base::Result<Entrance, std::string> bind(std::unique_ptr<Door> door, const Endpoint& endpoint,
                                                  std::span<const Door* const> yielding = {});
  // A socket in the file system, which is removed when the door closes.
  static base::Result<Entrance, std::string> bind(std::unique_ptr<Door> door, const UnixEndpoint& endpoint);
  // A socket that listens already.
  static base::Result<Entrance, std::string> bind(std::unique_ptr<Door> door, Descriptor socket);
  // Clients are served, from start() on. The door lives as long as this.
  Door& open(Entrance entrance);
  // Who comes to the one gets in by the other, which takes over its socket. Who is in stays.
  Door& replace(Door& door, std::unique_ptr<Door> by);
  // Nobody comes in any more. Who is in stays, or is told `farewell` and closed.
  void close(Door& door, std::optional<std::string> farewell);

  // Nobody is accepted between these two; whoever knocks waits. The first returns when that is so.
  void hold_doors();
  void release_doors();

  // Makes, binds and opens: the port.
  base::Result<std::uint16_t, std::string> listen(const broker::Listener& listener, const Endpoint& endpoint,
                                                  MakeFilters filters = {},
                                                  LearnsAddress learns_address = {});

  // What is allowed from now on; the brokers work with Shared::options() as it is now.
  void renew_options(const GuestLimits& limits);

  // Signals stay with the threads there are already: the loops' threads take none.
  void start();

  // Accepts nobody any more, tells the clients, and for at most `grace` writes what is still to be written
  // and waits for them to go. Returns when all threads have ended. A second call does nothing.
  void stop(base::Duration grace);

  // ---- any thread
  // Runs `function` on a loop, in its next turn.
  void post(std::uint32_t loop, Loop::Function function) { around_.loops[loop]->post(std::move(function)); }
  // Each loop takes a turn: after Journal::durable, or when an observer wants to be called.
  void wake_all();

  std::uint32_t connections() const noexcept { return around_.guests.count(); }
  std::uint64_t bytes_read() const;
  std::uint64_t bytes_written() const;
  const TurnTimes& turn_times(std::uint32_t loop) const noexcept { return around_.loops[loop]->turn_times(); }

  // Who is there by listener, how many have come, and what they said and heard; listeners that are gone are
  // among them.
  struct Attendance {
    std::uint32_t open = 0;
    std::uint64_t accepted = 0;
    std::shared_ptr<const broker::ListenerTraffic> traffic;
    std::uint64_t bytes_in() const noexcept {
      return traffic->sum([](const auto& cell) { return cell.bytes_in.value(); });
    }
    std::uint64_t bytes_out() const noexcept {
      return traffic->sum([](const auto& cell) { return cell.bytes_out.value(); });
    }
  };
  std::map<std::string, Attendance> attendance() const;

 private:
  Door& keep(std::unique_ptr<Door> door);

  mutable std::mutex mutex_;
  std::map<std::string, Presence, std::less<>> present_;  // under mutex_; by listener
  std::vector<std::unique_ptr<Door>> doors_;              // likewise; those that are closed, too
  Surroundings around_;
  std::vector<std::thread> threads_;
  bool stopped_ = false;
};

}  // namespace mortise::net
