#include "syncer.hpp"

#include <algorithm>
#include <cstdlib>
#include <new>
#include <utility>

#include "background.hpp"
#include "database.hpp"

namespace mortise::store_sqlite {

void WalFile::Freed::operator()(sqlite3_file* file) const noexcept {
  if (file->pMethods) file->pMethods->xClose(file);
  std::free(file);
}

WalFile::WalFile(sqlite3* of) {
  sqlite3_vfs* vfs = nullptr;
  sqlite3_file_control(of, "main", SQLITE_FCNTL_VFS_POINTER, &vfs);
  const char* name = sqlite3_filename_wal(sqlite3_db_filename(of, "main"));
  file_.reset(static_cast<sqlite3_file*>(std::calloc(1, static_cast<std::size_t>(vfs->szOsFile))));
  if (!file_) throw std::bad_alloc{};
  int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_WAL;
  const int code = vfs->xOpen(vfs, name, file_.get(), flags, &flags);
  if (code != SQLITE_OK) throw Failure{nullptr, code, name, "cannot be opened to be synced"};
}

WalFile::~WalFile() = default;

int WalFile::sync() noexcept { return file_->pMethods->xSync(file_.get(), SQLITE_SYNC_NORMAL); }

Syncer::Syncer(mortise::host host, Witness& witness, std::string path)
    : host_{host}, witness_{witness}, path_{std::move(path)}, thread_{start_thread([this] { run(); })} {}

Syncer::~Syncer() {
  {
    const std::lock_guard lock{mutex_};
    end_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void Syncer::open(sqlite3* of) {
  auto file = std::make_unique<WalFile>(of);
  const std::lock_guard lock{mutex_};
  file_ = std::move(file);
  changed_.notify_all();
}

void Syncer::close() {
  std::unique_lock lock{mutex_};
  changed_.wait(lock, [this] { return !busy_; });
  file_.reset();
}

void Syncer::written(Mark mark, bool wanted, std::uint64_t now_ns) {
  const std::lock_guard lock{mutex_};
  written_ = mark;
  last_write_ = now_ns;
  if (unsynced_since_ == 0) unsynced_since_ = now_ns;
  if (!wanted) return;
  wanted_ = mark.commits;
  changed_.notify_all();
}

void Syncer::hurry() {
  const std::lock_guard lock{mutex_};
  wanted_ = written_.commits;
  witness_due_ = witness_at_ != written_.commits;
  changed_.notify_all();
}

bool Syncer::finish() {
  std::unique_lock lock{mutex_};
  wanted_ = written_.commits;
  changed_.notify_all();
  changed_.wait(lock, [this] { return !busy_ && !has_work(); });
  return !failure_ && synced_.commits == written_.commits;
}

void Syncer::flush(std::uint64_t request) {
  std::unique_lock lock{mutex_};
  if (synced_.commits < written_.commits) {
    requests_.push_back({request, written_.commits});
    wanted_ = written_.commits;
    changed_.notify_all();
    return;
  }
  lock.unlock();
  host_.store().done(&host_.raw(), request, MORTISE_OK);
}

Mark Syncer::synced() const {
  const std::lock_guard lock{mutex_};
  return synced_;
}

std::uint64_t Syncer::unsynced_since() const {
  const std::lock_guard lock{mutex_};
  return unsynced_since_;
}

std::optional<std::string> Syncer::failure() const {
  const std::lock_guard lock{mutex_};
  return failure_;
}

void Syncer::give_up(mortise_status_t status) {
  std::vector<Request> open;
  {
    const std::lock_guard lock{mutex_};
    failure_.reset();
    // The rows may well be there; the batches come again with the same sequence, so that is where the line
    // stays.
    written_.sequence = synced_.sequence;
    open = std::exchange(requests_, {});
  }
  for (const Request& request : open) host_.store().done(&host_.raw(), request.number, status);
}

bool Syncer::has_work() const { return file_ && !failure_ && (synced_.commits < wanted_ || witness_due_); }

void Syncer::run() {
  std::unique_lock lock{mutex_};
  while (true) {
    changed_.wait(lock, [this] { return end_ || has_work(); });
    if (end_) return;
    busy_ = true;
    if (synced_.commits < wanted_) sync_wal(lock);
    if (witness_due_ && !failure_) sync_witness(lock);
    busy_ = false;
    changed_.notify_all();
  }
}

// Lets the lock go while it waits for the device and while it talks to the host.
void Syncer::sync_wal(std::unique_lock<std::mutex>& lock) {
  const Mark target = written_;
  const bool has_batches = target.sequence > synced_.sequence;
  lock.unlock();
  const std::uint64_t started = host_.monotonic_ns();
  const int code = file_->sync();
  if (code == SQLITE_OK) {
    witness_.synced(target.commits);
    if (has_batches) host_.store().durable(&host_.raw(), target.sequence, MORTISE_SYNCED, MORTISE_OK);
  }
  lock.lock();
  if (code != SQLITE_OK) {
    failure_ = path_ + ": cannot be synced: " + sqlite3_errstr(code);
    return;
  }
  synced_ = target;
  unsynced_since_ = written_.commits > target.commits ? std::min(started, last_write_) : 0;
  const auto answered = take_answered();
  lock.unlock();
  for (const std::uint64_t request : answered) host_.store().done(&host_.raw(), request, MORTISE_OK);
  lock.lock();
}

void Syncer::sync_witness(std::unique_lock<std::mutex>& lock) {
  witness_due_ = false;
  witness_at_ = synced_.commits;
  lock.unlock();
  witness_.sync();
  lock.lock();
}

std::vector<std::uint64_t> Syncer::take_answered() {
  std::vector<std::uint64_t> out;
  std::erase_if(requests_, [&](const Request& request) {
    if (request.commits > synced_.commits) return false;
    out.push_back(request.number);
    return true;
  });
  return out;
}

}  // namespace mortise::store_sqlite
