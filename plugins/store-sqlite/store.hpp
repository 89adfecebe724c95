// The store: what the kernel asks for, and what is done when the device, a file or another process fails.
//
//   commit ──► Writer (strand) ──► WRITTEN ──► Syncer (own thread) ──► SYNCED
//                    └── WAL half full ──► Checkpointer (own thread) ──► main file
//
// Thread: the strand, health() excepted; start() and stop() on the host's main thread, when the strand is
//         idle.
// Fails:  start() throws; everything else answers with a status, a line to the kernel, and health().
#pragma once

#include <cstdint>
#include <exception>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "aside.hpp"
#include "checkpointer.hpp"
#include "condition.hpp"
#include "files.hpp"
#include "mortise/plugin.hpp"
#include "pages.hpp"
#include "presence.hpp"
#include "reserve.hpp"
#include "syncer.hpp"
#include "witness.hpp"
#include "writer.hpp"

namespace mortise::store_sqlite {

struct Settings {
  std::string path;             // absolute
  std::uint64_t wal_limit = 0;  // bytes
};

class Store {
 public:
  Store(mortise::host host, Settings settings);
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  void start();
  // Syncs, moves everything into the main file, and closes. Needs no start() that succeeded.
  void stop();

  mortise_status_t commit(std::span<const mortise_batch_t* const> batches);
  mortise_status_t read(const mortise_read_t& what);
  mortise_status_t flush(std::uint64_t request);
  mortise_health_t health() const;

  // Verbs of an operator; README.md, "Asking".
  mortise::answer tell_health(mortise::call now, const mortise::request& asked);
  mortise::answer back_up(mortise::call now, const mortise::request& asked);

  // To be called every `tick_ms`: syncs what nobody waits for, sweeps, tries again what failed.
  void tick();
  static constexpr int tick_ms = 200;

 private:
  void refuse_folders() const;
  void open();
  void close();
  void look_for_files();
  void rescue(const std::string& missing);
  mortise_status_t reopen();
  void renew_wal() const;

  mortise_status_t read_all(std::uint64_t request);
  mortise_status_t read_messages(const mortise_read_t& what);
  mortise_status_t write(std::span<const mortise_batch_t* const> batches);
  void count(std::uint64_t commits, std::uint64_t sequence, bool wanted);
  void keep_wal_short();
  void sweep();
  void measure();

  void notice_failures();
  mortise_status_t refuse(const Failure& failure);
  mortise_status_t refuse_full(const std::string& text);
  void lose_unsynced(const std::string& why);
  mortise::document describe();
  // Hands the work over; what it returns answers.
  using Answer = std::function<void(mortise::token&)>;
  mortise::answer answer_later(mortise::call now, std::function<Answer(const Ended&)> work);
  void problem(std::uint32_t state, const std::string& text);
  void cured(std::uint32_t state);

  mortise::host host_;
  Paths paths_;
  std::uint64_t wal_limit_;
  Condition condition_;
  std::optional<Witness> witness_;
  std::optional<Reserve> reserve_;
  std::optional<Syncer> syncer_;
  std::optional<Checkpointer> checkpointer_;
  std::optional<Writer> writer_;           // empty: closed after a failure, until it can be opened again
  std::optional<Pages> pages_;             // open when the writer is
  std::optional<std::uint64_t> expected_;  // after a failure: the only sequence that may come next
  bool is_rewinding_ = false;              // what was written has to come again, so that it may not be there
  std::uint64_t last_sequence_ = 0;        // committed, and not lost since
  std::uint64_t sync_from_ = 0;            // bytes of WAL that had been written when a sync was asked for
  std::uint64_t checkpoint_at_ = 0;        // bytes of WAL that begin one in the background
  std::uint64_t wait_at_ = 0;              // bytes of WAL that the writer waits at for one
  std::uint64_t ticks_ = 0;
  bool untold_full_ = false;       // no commit was answered with "full" yet
  std::vector<Presence> present_;  // what is open
  bool adrift_ = false;  // what is open does not stand under its names, and nothing is written to it
  bool damaged_ = false;
  struct Problem {
    std::string text;
    std::uint64_t monotonic_ns;
  };
  std::optional<Problem> last_problem_;  // also when it is over
  Aside aside_;                          // ends first
};

}  // namespace mortise::store_sqlite
