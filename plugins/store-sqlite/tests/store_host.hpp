// A kernel for a store: hands batches over, keeps what the plugin says, and gives time and ticks.
//
// Thread: the test's, which is the strand, too; what the plugin says may come from its own threads.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "facts_model.hpp"
#include "mortise/draft/store_service.h"
#include "testkit/fake_host.hpp"

namespace mortise::store_sqlite::test {

// One call of durable().
struct Told {
  std::uint64_t sequence;
  std::uint32_t level;
  mortise_status_t status;
  bool operator==(const Told&) const = default;
};

struct SetAside {
  std::string path;
  std::string kept_as;
  std::string reason;
  bool replaced;
};

class StoreHost : public mortise::test::FakeHost {
 public:
  explicit StoreHost(std::string state_dir);

  const mortise_host_t* raw() const { return &mine_; }

  // Waits until the line is there, or a batch was refused; a test fails after 20 s.
  void wait_for(std::uint64_t sequence, std::uint32_t level);
  void wait_for_done(std::uint64_t request);

  // What a verb was answered with, at once or by its token; a test fails after 20 s.
  mortise::test::Said wait_for_answer(std::uint64_t token);

  std::vector<Told> told() const;
  std::uint64_t line(std::uint32_t level) const;
  mortise_status_t done(std::uint64_t request) const;
  std::vector<std::string> log() const;
  bool logged(const std::string& event) const;

  Facts read;                      // what the last READ_ALL emitted
  std::vector<std::string> kinds;  // the kinds in the order they came, each run once
  std::vector<SetAside> aside;
  std::size_t emits_until_refusal = SIZE_MAX;

 private:
  static StoreHost& of(const mortise_host_t* host);
  void emitted(const std::string& kind);
  void set_store();

  mortise_host_t mine_{};
  mortise_host_store_t store_{};
  mortise_log_t log_{};
  std::string state_dir_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Told> told_;
  std::map<std::uint64_t, mortise_status_t> done_;
  std::vector<std::string> lines_;
  std::map<std::uint64_t, mortise::test::Said> answers_;  // by token, from any thread
};

}  // namespace mortise::store_sqlite::test
