// One thread's loop: its broker, its connections, and the turn in which everything happens in a fixed order.
//
// A turn: the clock is read once; what the store has made durable; posted functions; letters of the other
// loops, before any socket is read; new connections; ready sockets, one read each; timers. Then the broker
// hands over what is to be stored and says what it wants done: waiting packets go on, other loops are woken,
// every touched connection is written to once, and closed if that is wanted. The loop sleeps when nothing of
// this left work behind.
//
// Thread: run() is the thread; post, wake and hand_over from any; the rest before run() or in it.
// Owns:   its broker and its connections.   Cost: an idle turn is one system call and reads no lock.
// Fails:  the constructor throws std::system_error when there are no descriptors; nothing else does.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <variant>
#include <vector>

#include "broker/buckets.hpp"
#include "net/acceptor.hpp"
#include "net/clock.hpp"
#include "net/connections.hpp"

namespace mortise::net {

// Told of each turn, on the loop's thread. Between after_turn and the next before_turn the loop runs nothing.
class TurnObserver {
 public:
  virtual ~TurnObserver() = default;
  virtual void before_turn(std::uint32_t loop) = 0;
  virtual void after_turn(std::uint32_t loop) = 0;
  // What the broker wants done: also of clients that are nobody's connections, which the loop passes over.
  // Before the packets that waited go on, perhaps more than once a turn; and before what is to be said is
  // written.
  virtual void on_resumed(std::uint32_t loop, broker::Broker& broker) = 0;
  virtual void on_output(std::uint32_t loop, broker::Broker& broker) = 0;
};

class Loop;

// Seconds a turn takes, from a few clients to a plugin that blocks its loop.
inline constexpr std::array<double, 12> turn_bounds{0.00001, 0.00003, 0.0001, 0.0003, 0.001, 0.003,
                                                    0.01,    0.03,    0.1,    0.3,    1,     3};
using TurnTimes = broker::Buckets<turn_bounds.size()>;

// What all loops of a process work with; outlives them.
struct Surroundings {
  broker::Shared& shared;
  Clock clock;
  TurnObserver* observer = nullptr;  // may be null
  Guests guests;
  std::vector<std::unique_ptr<Loop>> loops{};
};

class Loop {
 public:
  using Function = std::function<void(broker::Broker&)>;

  Loop(Surroundings& around, std::uint32_t number);

  // Turns until stopped: then clients are told, what is unwritten is written, and what is left at the
  // deadline cut.
  void run();

  // ---- from any thread
  // Runs `function` in the loop's next turn, in the order of the posts. After run() it is kept and never
  // called.
  void post(Function function);
  // A turn begins after this, whether or not there is a reason. One that is under way does not count: it may
  // have looked already at what the caller has changed.
  void wake() {
    is_wanted_.store(true, std::memory_order_seq_cst);
    bell_.ring();
  }
  void hand_over(Arrival arrival);
  // Doors, which are loop 0's.
  struct Opening {
    Listening listening;
    Door* door = nullptr;
  };
  void open(Opening opening);
  void replace(Door& door, Door& by);
  void close(Door& door, bool turns_away);  // see Acceptor::remove
  void hold(bool is_held);
  // The operator has decided anew: takes Shared::options().
  void renew_options();
  // `until`: when what is still open is cut off.
  void stop(base::TimePoint until);
  const Connections& connections() const noexcept { return connections_; }
  // The observer's part among it, and the wait for sockets not.
  const TurnTimes& turn_times() const noexcept { return turn_times_; }

  broker::Broker& broker() noexcept { return broker_; }

 private:
  struct Stop {
    base::TimePoint until{};
  };
  struct Replacing {
    Door* door = nullptr;
    Door* by = nullptr;
  };
  struct Closing {
    Door* door = nullptr;
    bool turns_away = false;
  };
  struct Holding {
    bool is_held = false;
  };
  using Parcel = std::variant<Function, Arrival, Opening, Replacing, Closing, Holding, Stop>;

  void put(Parcel parcel);
  void turn(std::span<const epoll_event> ready);
  void hear_store();
  void open_parcels();
  void open_parcel(Parcel& parcel);
  void drain_letters();
  void read_ready(std::span<const epoll_event> ready);
  void deal(std::vector<Arrival>& accepted);
  void settle();
  void wake_others();
  void write_and_close();
  bool finish_stopping();

  int milliseconds_to_sleep();
  bool has_mail() const;
  bool waits_for_room() const;

  Surroundings& around_;
  const std::uint32_t number_;
  Poller poller_;
  Bell bell_;
  broker::Broker broker_;
  Connections connections_;
  Acceptor acceptor_;
  base::Now now_;
  TurnTimes turn_times_{turn_bounds};

  std::mutex mutex_;
  std::vector<Parcel> parcels_;  // under mutex_
  std::atomic<bool> has_parcels_{false};
  std::atomic<bool> is_wanted_{false};  // a turn
  std::vector<Parcel> opening_;
  std::vector<Arrival> arrivals_;
  std::vector<Arrival> accepted_;
  std::vector<broker::ClientKey> batch_;  // of clients an effect names
  std::uint64_t next_door_ = 1;           // token of the next listening socket; the bell has 0
  std::uint32_t next_loop_ = 0;           // whose turn it is to get a connection
  std::uint64_t written_line_ = 0;
  std::uint64_t synced_line_ = 0;
  bool work_left_ = true;
  std::optional<base::TimePoint> stop_at_;
  bool closed_all_ = false;
};

}  // namespace mortise::net
