#include "store.hpp"

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include "intake.hpp"
#include "reader.hpp"

namespace mortise::store_sqlite {
namespace {

// Every third tick is 0.6 s: what nobody waits for is synced within a second.
constexpr std::uint64_t ticks_a_sync = 3;
// Bytes of WAL that are synced though nobody waits: until then the kernel holds the batches in memory.
constexpr std::uint64_t unsynced_most = 4 * 1024 * 1024;

}  // namespace

Store::Store(mortise::host host, Settings settings)
    : host_{host}, paths_{std::move(settings.path)}, wal_limit_{settings.wal_limit} {}

Store::~Store() { stop(); }

void Store::start() {
  try {
    refuse_folders();
    witness_.emplace(paths_.witness());
    Intake{host_, paths_, *witness_}.run();
    reserve_.emplace(paths_.reserve(), wal_limit_);
    if (!reserve_->make())
      host_.log(MORTISE_WARNING, "store.no_reserve",
                reserve_->error() == 0
                    ? "too little room on the device to keep a reserve for the moment it is full"
                    : "no reserve can be kept for the moment the device is full: " +
                          std::generic_category().message(reserve_->error()),
                {{"path", paths_.reserve()}, {"bytes", reserve_->size()}});
    syncer_.emplace(host_, *witness_, paths_.wal());
    checkpointer_.emplace(condition_);
    open();
    count(writer_->transaction([this] { writer_->facts().forget_tombstones(); }), 0, true);
    // What the intake renamed and what SQLite made, the WAL above all, must be found after a power cut.
    sync_folder(paths_.folder());
    if (!syncer_->finish())
      throw finding{"/path", syncer_->failure().value_or(paths_.wal() + ": cannot be synced")};
    measure();
  } catch (const finding&) {
    throw;
  } catch (const std::exception& thrown) {
    throw finding{"/path", thrown.what()};  // a text that begins with a path is no JSON pointer
  }
}

// A volume of a container that was given a file's name, or a path that means a folder.
void Store::refuse_folders() const {
  for (const std::string& path : {paths_.main, paths_.wal(), paths_.shared_index(), paths_.witness(),
                                  paths_.reserve(), paths_.unfinished(), paths_.replacement()})
    if (is_folder(path))
      throw finding{"/path", path + " is a folder, where the store keeps a file",
                    "move the folder away, or name another file"};
}

void Store::stop() {
  if (!syncer_) return;
  aside_.end();
  if (writer_) look_for_files();
  try {
    const bool synced = writer_ && syncer_->finish();
    checkpointer_->close();
    if (synced) {
      if (!writer_->checkpoint_and_truncate())
        host_.log(MORTISE_NOTICE, "store.reader", "another process is reading: the WAL stays",
                  {{"path", paths_.wal()}});
      witness_->sync();
    }
  } catch (const std::exception& thrown) {
    host_.log(MORTISE_ERROR, "store.stop", thrown.what(), {{"path", paths_.main}});
  }
  close();
  checkpointer_.reset();
  syncer_.reset();
  witness_.reset();
}

void Store::open() {
  writer_.emplace(paths_.main, wal_limit_, condition_,
                  [this](const std::string& why) { problem(MORTISE_STORE_SLOW, why); });
  syncer_->open(writer_->handle());
  checkpointer_->open(paths_.main);
  present_.clear();
  for (const std::string& path : {paths_.main, paths_.wal(), paths_.shared_index()})
    present_.emplace_back(path);
  // With the others: later the name may stand for another file, and there may be no descriptor left.
  pages_.emplace(host_, paths_.main);
  checkpoint_at_ = wal_limit_ / 2;
  wait_at_ = wal_limit_;
}

void Store::close() {
  aside_.end();
  checkpointer_->close();
  syncer_->close();
  pages_.reset();
  writer_.reset();
  present_.clear();
  adrift_ = false;
}

// Files that were deleted, or moved away, stay open and whole as long as the broker runs; what is
// acknowledged on their strength would go when it ends.
void Store::look_for_files() {
  const bool first = !adrift_;
  const auto missing = std::ranges::find_if_not(present_, &Presence::is_there);
  try {
    if (missing != present_.end()) return rescue(std::string{missing->path()});
    witness_->stay();
    if (adrift_) close();  // they were put back
  } catch (const std::exception& error) {
    adrift_ = true;
    const bool told = condition_.holds(MORTISE_STORE_BROKEN);
    problem(MORTISE_STORE_BROKEN, error.what());
    if (first && told) host_.log(MORTISE_ERROR, "store.not_rescued", error.what(), {{"path", paths_.main}});
  }
}

// Everything is written anew under the same names. Nothing is synced or committed from here on until it is,
// so that the kernel keeps what comes meanwhile. A file that somebody put in our place is not touched: only
// an operator knows which of the two is wanted.
void Store::rescue(const std::string& missing) {
  adrift_ = true;
  aside_.end();
  syncer_->close();
  checkpointer_->close();
  problem(MORTISE_STORE_BROKEN, missing +
                                    ": was deleted or moved away while the broker uses it; do not "
                                    "stop the broker before the store was written again");
  if (!is_folder(paths_.folder()))
    throw std::runtime_error{paths_.folder() +
                             ": the folder is gone; make it again, and what the store holds is written into "
                             "it; it is lost if the broker is stopped before"};
  witness_->stay();
  if (!present_.front().is_there() && exists(paths_.main)) {
    const std::string kept = free_name(paths_.main + ".rescued-");
    writer_->copy_to(kept);
    sync_folder(paths_.folder());
    host_.log(MORTISE_ERROR, "store.replaced",
              paths_.main + ": another file was put in its place; what the broker kept is in " + kept +
                  ". Stop the broker, put the right one there, and start it again",
              {{"path", paths_.main}, {"kept_as", kept}});
    damaged_ = true;
    return close();
  }
  writer_->copy_to(paths_.unfinished());
  // A WAL beside a main file it does not belong to would be played into it.
  remove_if_there(paths_.wal());
  remove_if_there(paths_.shared_index());
  rename_durably(paths_.unfinished(), paths_.main);
  close();
  open();
  sync_folder(paths_.folder());
  host_.log(MORTISE_NOTICE, "store.rescued", "everything in the store was written again under its name",
            {{"path", paths_.main}});
  cured(MORTISE_STORE_BROKEN);
}

// After a failure nothing of the open file is trusted: everything is closed, the WAL is written anew, and
// what the device did not confirm comes again from the kernel. Every handler closes: the next commit would
// write through a writer that was left half open.
mortise_status_t Store::reopen() {
  try {
    close();
    renew_wal();
    open();
    if (writer_->commits() <= syncer_->synced().commits) {
      damaged_ = true;
      throw std::runtime_error{paths_.wal() +
                               ": has lost commits that were synced; restart to have it set aside"};
    }
    cured(MORTISE_STORE_BROKEN);
    return MORTISE_OK;
  } catch (const Failure& failure) {
    close();
    return refuse(failure);
  } catch (const std::system_error& error) {
    close();
    if (error.code().value() == ENOSPC || error.code().value() == EDQUOT) return refuse_full(error.what());
    problem(MORTISE_STORE_BROKEN, error.what());
  } catch (const std::exception& error) {
    close();
    problem(MORTISE_STORE_BROKEN, error.what());
  }
  return MORTISE_E_IO;
}

// After a failed fsync the kernel's pages may count as clean without being on the device, and everything
// appended behind them would be lost with them. A copy is dirty from its first byte to its last.
void Store::renew_wal() const {
  if (size_of(paths_.wal()) > 0) copy_durably(paths_.wal(), paths_.wal());
}

mortise_status_t Store::commit(std::span<const mortise_batch_t* const> batches) {
  if (batches.empty()) return MORTISE_OK;
  notice_failures();
  if (damaged_) return MORTISE_E_DAMAGED;
  const std::uint64_t first = batches.front()->sequence;
  if (expected_ && first != *expected_) return MORTISE_E_STATE;
  expected_ = first;
  if (adrift_) return MORTISE_E_IO;
  // A checkpoint or a sweep found the device full: the kernel must know before the reserve is used up, too.
  if (std::exchange(untold_full_, false)) return MORTISE_E_FULL;
  if (!writer_) {
    if (const mortise_status_t status = reopen(); status != MORTISE_OK) return status;
  }
  try {
    keep_wal_short();
    return write(batches);
  } catch (const Failure& failure) {
    const mortise_status_t status = refuse(failure);
    untold_full_ = false;
    return status;
  }
}

mortise_status_t Store::write(std::span<const mortise_batch_t* const> batches) {
  std::vector<std::uint64_t> ended;
  const std::uint64_t commits =
      writer_->transaction([&] { ended = writer_->facts().apply(batches, writer_->sweep().is_due()); });
  const std::uint64_t sequence = batches.back()->sequence;
  writer_->sweep().add(ended, sequence);
  expected_.reset();
  is_rewinding_ = false;
  if (writer_->wal_bytes() < wal_limit_) cured(MORTISE_STORE_SLOW);
  host_.store().durable(&host_.raw(), sequence, MORTISE_WRITTEN, MORTISE_OK);
  count(commits, sequence,
        std::ranges::any_of(batches, [](const auto* batch) { return batch->level == MORTISE_SYNCED; }));
  return MORTISE_OK;
}

void Store::count(std::uint64_t commits, std::uint64_t sequence, bool wanted) {
  last_sequence_ = sequence;
  witness_->written(commits);
  const std::uint64_t wal_bytes = writer_->wal_bytes();
  sync_from_ = std::min(sync_from_, wal_bytes);  // a WAL that began anew is short
  if (wal_bytes - sync_from_ > unsynced_most) wanted = true;
  if (wanted) sync_from_ = wal_bytes;
  syncer_->written({commits, sequence}, wanted, host_.monotonic_ns());
  if (writer_->wal_bytes() < checkpoint_at_) {
    checkpoint_at_ =
        std::min(checkpoint_at_, std::max(wal_limit_ / 2, writer_->wal_bytes() + wal_limit_ / 4));
    return;
  }
  checkpoint_at_ = writer_->wal_bytes() + wal_limit_ / 4;
  checkpointer_->begin();
}

// The WAL begins anew only when all of it was copied and nobody reads: so at the limit the writer waits,
// once.
void Store::keep_wal_short() {
  if (writer_->wal_bytes() < wait_at_) {
    if (writer_->wal_bytes() < wal_limit_) wait_at_ = wal_limit_;
    return;
  }
  // Whoever reads is our own, and bounded by the room there is: nobody waits for it.
  if (aside_.is_busy()) {
    wait_at_ = writer_->wal_bytes() + wal_limit_ / 4;
    return;
  }
  if (checkpointer_->run()) {
    wait_at_ = wal_limit_;
    return;
  }
  wait_at_ = writer_->wal_bytes() + wal_limit_ / 4;
  problem(MORTISE_STORE_SLOW, paths_.wal() +
                                  ": grows beyond its limit, because another process keeps reading: a "
                                  "sqlite3 shell in a transaction?");
}

mortise_status_t Store::read(const mortise_read_t& what) {
  mortise_status_t status = MORTISE_E_INVALID;
  if (what.kind == MORTISE_READ_ALL)
    status = read_all(what.request);
  else if (what.kind == MORTISE_READ_MESSAGES && MORTISE_HAS(&what, delivery_count))
    status = read_messages(what);
  if (status == MORTISE_E_INVALID) return status;
  host_.store().done(&host_.raw(), what.request, status);
  return MORTISE_OK;
}

mortise_status_t Store::read_all(std::uint64_t request) {
  try {
    return Reader{host_, paths_.main}.run(request);
  } catch (const Failure& failure) {
    problem(MORTISE_STORE_BROKEN, failure.what());
    return failure.status();
  }
}

// After a failure some of what was written may not be there until it has come again.
mortise_status_t Store::read_messages(const mortise_read_t& what) {
  notice_failures();
  if (!pages_ || is_rewinding_ || damaged_) return MORTISE_E_STATE;
  try {
    return pages_->read(what);
  } catch (const Failure& failure) {
    // What a reader cannot do says nothing of the writer, and closing it could lose what a rescue needs.
    if (failure.is_damage()) return refuse(failure);
    return failure.status();
  }
}

mortise_status_t Store::flush(std::uint64_t request) {
  notice_failures();
  if (!writer_ || expected_ || adrift_)
    host_.store().done(&host_.raw(), request, MORTISE_E_STATE);
  else
    syncer_->flush(request);
  return MORTISE_OK;
}

mortise_health_t Store::health() const {
  mortise_health_t out = condition_.now();
  const std::uint64_t since = syncer_ ? syncer_->unsynced_since() : 0;
  const std::uint64_t now = host_.monotonic_ns();
  if (since != 0 && now > since) out.unsynced_ms = (now - since) / 1'000'000;
  return out;
}

void Store::tick() {
  ++ticks_;
  notice_failures();
  if (writer_) look_for_files();
  if (!writer_ && !damaged_) reopen();
  if (!writer_ || adrift_) return;
  try {
    sweep();
  } catch (const Failure& failure) {
    refuse(failure);
  }
  if (ticks_ % ticks_a_sync != 0) return;
  syncer_->hurry();
  if (reserve_->make()) cured(MORTISE_STORE_FULL);
  measure();
}

void Store::sweep() {
  if (!writer_->sweep().is_due()) return;
  const Sweep::Step step = writer_->sweep().next(syncer_->synced().sequence);
  if (step.empty()) return;
  const std::uint64_t commits = writer_->transaction([&] {
    for (const std::uint64_t delivery : step.deliveries) writer_->facts().sweep_delivery(delivery);
    for (const std::uint64_t session : step.sessions) writer_->facts().sweep_session(session);
    if (step.last) writer_->facts().forget_gone();
  });
  writer_->sweep().done(step);
  count(commits, last_sequence_, false);
}

void Store::measure() {
  std::uint64_t bytes = 0;
  for (const std::string& path :
       {paths_.main, paths_.wal(), paths_.shared_index(), paths_.witness(), paths_.reserve()})
    bytes += size_of(path);
  condition_.measure(bytes, free_bytes(paths_.folder()));
  if (const int error = witness_->error(); error != 0)
    problem(MORTISE_STORE_SLOW,
            paths_.witness() + ": cannot be written: " + std::generic_category().message(error));
}

void Store::notice_failures() {
  if (const auto why = syncer_->failure()) lose_unsynced(*why);
  if (const auto failure = checkpointer_->take_failure()) refuse(*failure);
}

// What a failure means for the store; the status is the caller's answer.
mortise_status_t Store::refuse(const Failure& failure) {
  if (failure.is_full()) return refuse_full(failure.what());
  if (failure.is_busy()) {
    problem(MORTISE_STORE_SLOW, failure.what());
  } else if (failure.is_damage()) {
    damaged_ = true;
    problem(MORTISE_STORE_BROKEN, std::string{failure.what()} + "; restart to have it set aside");
  } else if (failure.is_sync()) {
    lose_unsynced(failure.what());
  } else {
    problem(MORTISE_STORE_BROKEN, failure.what());
    close();
  }
  return failure.status();
}

mortise_status_t Store::refuse_full(const std::string& text) {
  untold_full_ = !condition_.holds(MORTISE_STORE_FULL);
  reserve_->release();
  problem(MORTISE_STORE_FULL, text);
  return MORTISE_E_FULL;
}

// A failed sync is final for the open file. The kernel still has everything that was not synced.
void Store::lose_unsynced(const std::string& why) {
  problem(MORTISE_STORE_BROKEN, why);
  close();
  syncer_->give_up(MORTISE_E_IO);
  const std::uint64_t first = syncer_->synced().sequence + 1;
  if (last_sequence_ < first) return;
  expected_ = first;
  is_rewinding_ = true;
  last_sequence_ = first - 1;
  host_.store().durable(&host_.raw(), first, MORTISE_SYNCED, MORTISE_E_IO);
}

void Store::problem(std::uint32_t state, const std::string& text) {
  last_problem_ = {text, host_.monotonic_ns()};
  if (!condition_.set(state, text)) return;
  static constexpr const char* events[] = {"", "store.slow", "store.full", "store.broken"};
  host_.log(state == MORTISE_STORE_SLOW ? MORTISE_WARNING : MORTISE_ERROR, events[state], text,
            {{"path", paths_.main}});
}

void Store::cured(std::uint32_t state) {
  if (condition_.clear(state))
    host_.log(MORTISE_NOTICE, "store.recovered", "the store works again", {{"path", paths_.main}});
}

}  // namespace mortise::store_sqlite
