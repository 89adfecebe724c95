#include "checkpointer.hpp"

#include <utility>

#include "background.hpp"
#include "schema.hpp"

namespace mortise::store_sqlite {

Checkpointer::Checkpointer(Condition& condition)
    : condition_{condition}, thread_{start_thread([this] { loop(); })} {}

Checkpointer::~Checkpointer() {
  {
    const std::lock_guard lock{mutex_};
    end_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void Checkpointer::open(const std::string& path) {
  auto connection = std::make_unique<Connection>(path, SQLITE_OPEN_READWRITE);
  // NORMAL: the WAL is synced before its pages are copied, the main file after.
  connection->run("PRAGMA synchronous = NORMAL");
  const std::lock_guard lock{mutex_};
  connection_ = std::move(connection);
  frames_done_ = 0;
}

void Checkpointer::close() {
  std::unique_lock lock{mutex_};
  changed_.wait(lock, [this] { return !busy_; });
  asked_ = false;
  connection_.reset();
}

void Checkpointer::begin() {
  const std::lock_guard lock{mutex_};
  if (busy_ || !connection_) return;
  asked_ = true;
  changed_.notify_all();
}

bool Checkpointer::run() {
  std::unique_lock lock{mutex_};
  // One that is under way began before the last write.
  changed_.wait(lock, [this] { return !busy_; });
  if (!connection_) return false;
  asked_ = true;
  changed_.notify_all();
  changed_.wait(lock, [this] { return !asked_ && !busy_; });
  return complete_;
}

std::optional<Failure> Checkpointer::take_failure() {
  const std::lock_guard lock{mutex_};
  return std::exchange(failure_, std::nullopt);
}

void Checkpointer::loop() {
  std::unique_lock lock{mutex_};
  while (true) {
    changed_.wait(lock, [this] { return end_ || asked_; });
    if (end_) return;
    busy_ = true;
    asked_ = false;
    checkpoint(lock);
    busy_ = false;
    changed_.notify_all();
  }
}

void Checkpointer::checkpoint(std::unique_lock<std::mutex>& lock) {
  lock.unlock();
  int frames = 0;
  int done = 0;
  sqlite3* handle = connection_->handle();
  const int code = sqlite3_wal_checkpoint_v2(handle, nullptr, SQLITE_CHECKPOINT_PASSIVE, &frames, &done);
  std::optional<Failure> failure;
  // BUSY: another process is checkpointing.
  if (code != SQLITE_OK && (code & 0xff) != SQLITE_BUSY)
    failure.emplace(handle, code, connection_->path(), "cannot be checkpointed");
  lock.lock();
  complete_ = code == SQLITE_OK && frames == done;
  if (code == SQLITE_OK) {
    const int copied = done >= frames_done_ ? done - frames_done_ : done;
    condition_.add_written(static_cast<std::uint64_t>(copied) * page_size);
    frames_done_ = done;
  }
  if (failure) failure_ = std::move(failure);
}

}  // namespace mortise::store_sqlite
