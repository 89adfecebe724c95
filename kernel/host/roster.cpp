#include "host/roster.hpp"

#include "host/instance.hpp"

namespace mortise::host {

Roster::Roster() : list_{std::make_shared<const List>()} {}
Roster::~Roster() = default;

Instance& Roster::add(std::unique_ptr<Instance> made) {
  const std::lock_guard lock{mutex_};
  return *all_.emplace_back(std::move(made));
}

void Roster::set(List list) {
  auto next = std::make_shared<const List>(std::move(list));
  const std::lock_guard lock{mutex_};
  list_ = std::move(next);
}

std::shared_ptr<const Roster::List> Roster::list() const {
  const std::lock_guard lock{mutex_};
  return list_;
}

std::size_t Roster::size() const {
  const std::lock_guard lock{mutex_};
  return all_.size();
}

Instance& Roster::at(std::size_t number) const {
  const std::lock_guard lock{mutex_};
  return *all_[number];
}

}  // namespace mortise::host
