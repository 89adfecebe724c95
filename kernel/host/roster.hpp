// The instances: those of the configuration in force, and all there ever were.
//
// An instance that ends stays where it is, so that whoever still has its address finds it stopped.
//
// Thread: add() and set() on the control thread; the rest from any.   Owns: every instance.
// Cost:   a lock.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

namespace mortise::host {

struct Instance;

class Roster {
 public:
  using List = std::vector<Instance*>;

  Roster();
  ~Roster();
  Roster(const Roster&) = delete;
  Roster& operator=(const Roster&) = delete;

  Instance& add(std::unique_ptr<Instance> made);
  // Those of the configuration, in its order.
  void set(List list);
  std::shared_ptr<const List> list() const;
  // How many there ever were, and the one that was made at that place.
  std::size_t size() const;
  Instance& at(std::size_t number) const;

 private:
  mutable std::mutex mutex_;
  std::vector<std::unique_ptr<Instance>> all_;  // under mutex_, as the list is
  std::shared_ptr<const List> list_;
};

}  // namespace mortise::host
