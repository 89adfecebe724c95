#include "aside.hpp"

#include <utility>

#include "background.hpp"

namespace mortise::store_sqlite {

bool Aside::begin(std::function<Tell(const Ended&)> work) {
  if (busy_) return false;
  if (thread_.joinable()) thread_.join();
  ended_ = false;
  busy_ = true;
  thread_ = start_thread([this, work = std::move(work)] {
    const Tell tell = work(ended_);
    busy_ = false;
    tell();
  });
  return true;
}

void Aside::end() {
  ended_ = true;
  if (thread_.joinable()) thread_.join();
}

}  // namespace mortise::store_sqlite
