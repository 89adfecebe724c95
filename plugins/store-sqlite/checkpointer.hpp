// Copies the WAL into the main file on a thread and a connection of its own, so that no acknowledgement
// waits.
//
// PASSIVE only: it never stands in the way of a writer or a reader. A WAL that is copied whole is begun again
// by the next write, and keeps its size.
//
// Thread: every public function from the strand.
// Fails:  a failure is remembered until the strand takes it.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "condition.hpp"
#include "database.hpp"

namespace mortise::store_sqlite {

class Checkpointer {
 public:
  explicit Checkpointer(Condition& condition);
  ~Checkpointer();
  Checkpointer(const Checkpointer&) = delete;
  Checkpointer& operator=(const Checkpointer&) = delete;

  void open(const std::string& path);
  // Waits for a checkpoint under way.
  void close();

  // Begins one, unless one is under way.
  void begin();
  // Begins one and waits for it. True: all of the WAL is in the main file, so the next write begins it again.
  bool run();

  std::optional<Failure> take_failure();

 private:
  void loop();
  void checkpoint(std::unique_lock<std::mutex>& lock);

  Condition& condition_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::unique_ptr<Connection> connection_;
  std::optional<Failure> failure_;
  bool asked_ = false;
  bool busy_ = false;
  bool complete_ = false;
  bool end_ = false;
  int frames_done_ = 0;
  std::thread thread_;
};

}  // namespace mortise::store_sqlite
